"""The second way: change the settings where Django reads them.

For a project that assigns os.environ["DJANGO_SETTINGS_MODULE"] itself, or whose entry point
exports it: whatever module Django is told to use, `django.conf.Settings` is what reads it.
`_boot` calls `patch` when `django.conf` has been imported.
"""

from __future__ import annotations

import functools
import os
import sys
from types import ModuleType
from typing import Any

from stowage_django import changing
from stowage_django.apply import LEGACY_NAMES
from stowage_django.project import OUR_SETTINGS


def patch(conf: ModuleType) -> None:
    """Make `django.conf.Settings` change what it has read; patching again does nothing."""
    original = conf.Settings.__init__
    if getattr(original, "stowage", False):
        return
    reading: list[str] = []

    @functools.wraps(original)
    def __init__(self: Any, settings_module: str) -> None:
        nested = settings_module in reading
        reading.append(settings_module)
        try:
            original(self, settings_module)
        finally:
            reading.pop()
        # The project's module, while importing, has made Django read it: the reading around this
        # one is the one that counts, and what is half-imported must not be written to.
        if not nested and _is_armed(settings_module):
            _change(self, sys.modules.get(settings_module))

    __init__.stowage = True  # type: ignore[attr-defined]
    conf.Settings.__init__ = __init__


def _is_armed(settings_module: str) -> bool:
    return os.environ.get("STOWAGE_HOOK") == "1" and settings_module != OUR_SETTINGS


def _change(settings: Any, module: ModuleType | None) -> None:
    own = {name: getattr(settings, name) for name in settings._explicit_settings}
    changes = changing.change(own)
    for name, value in changes.values.items():
        setattr(settings, name, value)
        settings._explicit_settings.add(name)
    for alias, name in LEGACY_NAMES.items():
        if name in changes.removed or (name not in own and hasattr(settings, name)):
            # Django 4.2 and 5.0 keep the old names as a second view of STORAGES.
            setattr(settings, name, settings.STORAGES[alias].get("BACKEND"))
    if module is not None and (_is_complete(module) or hasattr(module, "DYNACONF")):
        changing.write_back(module, changes)


def _is_complete(module: ModuleType) -> bool:
    """Whether the module's import is over (dynaconf's object is made at its last line)."""
    return not getattr(getattr(module, "__spec__", None), "_initializing", False)
