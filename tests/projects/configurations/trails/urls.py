from django.conf import settings
from django.contrib import admin
from django.urls import path, re_path
from django.views.static import serve

from trails import views

urlpatterns = [
    path("", views.TrackList.as_view(), name="tracks"),
    path("new/", views.TrackCreate.as_view(), name="new"),
    path("healthz/", views.healthz),
    path("admin/", admin.site.urls),
    re_path(r"^uploads/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
]
