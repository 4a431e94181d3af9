"""Documents of the library."""

from pathlib import PurePosixPath
from typing import Any

from django.db import models
from django.urls import reverse


class Document(models.Model):
    """One file of any kind with its title."""

    title = models.CharField(max_length=120)
    file = models.FileField(upload_to="documents/%Y/%m")
    size = models.PositiveBigIntegerField(default=0, editable=False, help_text="In bytes.")
    added = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-added", "-pk")

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        # Noted while the upload is at hand: lists then need no look at the storage.
        if self.file and not self.file._committed:
            self.size = self.file.size
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("documents:detail", args=[self.pk])

    @property
    def filename(self) -> str:
        return PurePosixPath(self.file.name).name
