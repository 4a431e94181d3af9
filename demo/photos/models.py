"""Photos of the library."""

from django.db import models
from django.urls import reverse


class Photo(models.Model):
    """One picture with its title."""

    title = models.CharField(max_length=120)
    image = models.ImageField(upload_to="photos/%Y/%m")
    added = models.DateTimeField(auto_now_add=True)
    prepared = models.BooleanField(
        default=False, editable=False, help_text="Its thumbnails have been made."
    )

    class Meta:
        ordering = ("-added", "-pk")

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("photos:detail", args=[self.pk])
