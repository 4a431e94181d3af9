from django.db import models


class Track(models.Model):
    title = models.CharField(max_length=80)
    gpx = models.FileField("GPX file", upload_to="tracks")
    walked_on = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title
