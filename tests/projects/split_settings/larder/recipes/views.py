from functools import partial
from typing import Any

from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy
from django.views.generic import CreateView

from larder.recipes.models import Recipe
from larder.recipes.tasks import fingerprint_card


class RecipeView(CreateView):
    """The list of recipes with the form to add one."""

    model = Recipe
    fields = ("name", "card")
    template_name = "recipes/index.html"
    success_url = reverse_lazy("recipes:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(recipes=Recipe.objects.all(), **kwargs)

    def form_valid(self, form: ModelForm) -> HttpResponse:
        response = super().form_valid(form)
        transaction.on_commit(partial(fingerprint_card.delay, self.object.pk))
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")
