from django.contrib import admin

from trails.models import Track

admin.site.register(Track)
