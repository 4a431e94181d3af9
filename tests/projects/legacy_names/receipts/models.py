from django.db import models


class Receipt(models.Model):
    shop = models.CharField(max_length=60)
    scan = models.FileField(upload_to="receipts/%Y")
    added = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.shop
