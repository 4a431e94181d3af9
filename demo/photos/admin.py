from django.contrib import admin

from photos.models import Photo


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin):
    list_display = ("title", "added", "prepared")
    readonly_fields = ("prepared",)
    search_fields = ("title",)
