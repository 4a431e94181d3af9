from django.db import models


class Recipe(models.Model):
    name = models.CharField(max_length=100)
    card = models.FileField(upload_to="cards/")
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created",)

    def __str__(self) -> str:
        return self.name
