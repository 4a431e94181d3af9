"""Pages of the documents."""

from django.views.generic import CreateView, DetailView, ListView

from documents.models import Document


class DocumentList(ListView):
    model = Document
    paginate_by = 50


class DocumentDetail(DetailView):
    model = Document


class DocumentCreate(CreateView):
    model = Document
    fields = ("title", "file")
