from django.urls import path

from photos import views

app_name = "photos"

urlpatterns = [
    path("", views.PhotoList.as_view(), name="list"),
    path("add/", views.PhotoCreate.as_view(), name="add"),
    path("<int:pk>/", views.PhotoDetail.as_view(), name="detail"),
]
