from django.urls import path

from documents import views

app_name = "documents"

urlpatterns = [
    path("", views.DocumentList.as_view(), name="list"),
    path("add/", views.DocumentCreate.as_view(), name="add"),
    path("<int:pk>/", views.DocumentDetail.as_view(), name="detail"),
]
