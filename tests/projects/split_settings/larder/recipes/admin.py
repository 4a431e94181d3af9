from django.contrib import admin

from larder.recipes.models import Recipe

admin.site.register(Recipe)
