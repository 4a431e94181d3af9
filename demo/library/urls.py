"""Addresses of the library."""

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from library import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("photos/", include("photos.urls")),
    path("documents/", include("documents.urls")),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
]

if settings.DEBUG:
    urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
