"""`collectstatic` where the release's static files are already published: answered at once.

An entry point of the project's image may run it at each start, on a STATIC_ROOT that is read-only
now. Without a release it is the command that it would be without us: that of the next application
that has one (some storages bring their own), in the end Django's.
"""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.conf import settings

MODULE = "management.commands.collectstatic"
OURS = "stowage_django"


def _next_command() -> Any:
    """The class that Django would use: the first application's in the order of INSTALLED_APPS."""
    for config in apps.get_app_configs():
        name = f"{config.name}.{MODULE}"
        if config.name != OURS and find_spec(f"{config.name}.management") and _exists(name):
            return import_module(name).Command
    return import_module(f"django.contrib.staticfiles.{MODULE}").Command


def _exists(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _release() -> str | None:
    """The published release this process belongs to, or None."""
    published = getattr(settings, "STOWAGE_PHASE", None) == "run"
    release: str | None = getattr(settings, "RELEASE_ID", None) if published else None
    return release


class Command(_next_command()):  # type: ignore[misc]
    """Takes the options of the command it stands for."""

    requires_system_checks = [] if _release() else _next_command().requires_system_checks

    def handle(self, *args: Any, **options: Any) -> Any:
        release = _release()
        if release is None:
            return super().handle(*args, **options)
        return f"{_count()} of release {release} are already published; nothing to collect."


def _count() -> str:
    """How many files the manifest names; a plain storage has none."""
    try:
        with open(settings.STOWAGE_MANIFEST, encoding="utf-8") as manifest:
            number = len(json.load(manifest)["paths"])
    except (OSError, ValueError, KeyError):
        return "The static files"
    return f"{number} static files"
