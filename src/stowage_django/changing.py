"""Carry out the changes of `apply`: what both ways of reaching Django's settings share."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from types import ModuleType
from typing import Any

from stowage_django.apply import LEGACY_NAMES, Changes, apply


def change(settings: MutableMapping[str, Any]) -> Changes:
    """Apply the environment to a namespace in place; other names than upper-case ones stay."""
    import django

    own = {name: value for name, value in settings.items() if name.isupper()}
    changes = apply(own, os.environ, django.VERSION)
    for name in changes.removed:
        settings.pop(name, None)
    settings.update(changes.values)
    return changes


def write_back(module: ModuleType, changes: Changes) -> None:
    """Let `from project import settings` see the changes, and dynaconf's settings object.

    The project's own module stays in its own vocabulary: where it has Django's old names for
    storages, it gets their new values instead of STORAGES, since Django refuses a module with both.
    """
    values = dict(changes.values)
    if changes.removed:
        storages = values.pop("STORAGES")
        for alias, name in LEGACY_NAMES.items():
            if name in changes.removed:
                values[name] = storages[alias].get("BACKEND")
    for name, value in values.items():
        setattr(module, name, value)
    _feed_dynaconf(module, changes)


def _feed_dynaconf(module: ModuleType, changes: Changes) -> None:
    """dynaconf replaces django.conf.settings by an object that no settings module feeds."""
    dynaconf: Any = getattr(module, "DYNACONF", None)
    if not hasattr(dynaconf, "set"):
        return
    for name, value in changes.values.items():
        dynaconf.set(name, value, merge=False)
    for alias, name in LEGACY_NAMES.items():
        if name in changes.removed:
            dynaconf.set(name, changes.values["STORAGES"][alias].get("BACKEND"), merge=False)
