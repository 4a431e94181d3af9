"""Pages of the photos."""

from django.views.generic import CreateView, DetailView, ListView

from photos.models import Photo


class PhotoList(ListView):
    model = Photo
    paginate_by = 24


class PhotoDetail(DetailView):
    model = Photo


class PhotoCreate(CreateView):
    model = Photo
    fields = ("title", "image")
