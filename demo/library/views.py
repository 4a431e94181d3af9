"""The front page and the health check."""

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from documents.models import Document
from photos.models import Photo


class HomeView(TemplateView):
    """The newest photos and documents."""

    template_name = "home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context["photos"] = Photo.objects.all()[:8]
        context["documents"] = Document.objects.all()[:8]
        return context


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database can be reached."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")
