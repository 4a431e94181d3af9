from django.urls import path

from larder.recipes.views import RecipeView

app_name = "recipes"
urlpatterns = [path("", RecipeView.as_view(), name="index")]
