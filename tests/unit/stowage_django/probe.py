"""What code of a project sees, printed as one JSON line. Copied beside the project's manage.py."""

import importlib
import json
import os
from typing import Any


def report(entry_point: str) -> None:
    from django.conf import settings
    from django.contrib.staticfiles import finders
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.files.storage import default_storage
    from django.templatetags.static import static

    module = importlib.import_module(os.environ["PROJECT_MODULE"])
    seen: dict[str, Any] = {
        "static('css/x.css')": static("css/x.css"),
        "default_storage.url('a.jpg')": default_storage.url("a.jpg"),
        "default_storage.location": default_storage.location,
        "staticfiles_storage.location": staticfiles_storage.location,
        "finders": finders.find("css/x.css").endswith("library/static/css/x.css"),
        "storages": {a: s["BACKEND"] for a, s in dict(settings.STORAGES).items()},
        "default_storage": type(default_storage._wrapped).__qualname__,
        "staticfiles_storage": type(staticfiles_storage._wrapped).__qualname__,
        "INSTALLED_APPS": [_sequence(settings.INSTALLED_APPS), *settings.INSTALLED_APPS],
        "MIDDLEWARE": _sequence(settings.MIDDLEWARE),
    }
    for name in ("STATIC_URL", "MEDIA_URL", "RELEASE_ID", "OF_THE_PROJECT"):
        seen[name] = getattr(settings, name)
        seen[f"project.settings.{name}"] = getattr(module, name)
    for name in ("STATIC_ROOT", "MEDIA_ROOT"):
        value = getattr(settings, name)
        seen[name] = [type(value).__name__, os.fspath(value)]
        seen[f"project.settings.{name}"] = os.fspath(getattr(module, name))
    for name in ("DATA_UPLOAD_MAX_MEMORY_SIZE", "FILE_UPLOAD_DIRECTORY_PERMISSIONS"):
        seen[name] = getattr(settings, name)
    print(f"{entry_point}:{json.dumps(seen)}")


def _sequence(value: Any) -> str:
    """dynaconf has a list type of its own."""
    return "tuple" if isinstance(value, tuple) else "list" if isinstance(value, list) else "?"
