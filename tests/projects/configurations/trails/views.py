from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.views.generic import CreateView, ListView

from trails.models import Track


class TrackList(ListView):
    queryset = Track.objects.order_by("-pk")


class TrackCreate(CreateView):
    model = Track
    fields = ("title", "gpx", "walked_on")
    success_url = reverse_lazy("tracks")


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")
