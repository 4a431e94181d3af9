"""The application that `apply` puts first at run time; it brings the command `collectstatic`."""

# Django has no type hints.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from django.apps import AppConfig


class StowageConfig(AppConfig):
    """No models, no tables, no templates."""

    name = "stowage_django"
    verbose_name = "Stowage"
