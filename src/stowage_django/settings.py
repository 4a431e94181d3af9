"""The first way: the settings module that Django is told to use.

With DJANGO_SETTINGS_MODULE=stowage_django.settings and STOWAGE_SETTINGS_MODULE=<the project's own>
this module imports the project's, takes its names over and changes them last (see `apply`).

- While the project's module is still importing, code that it imports may read
  `django.conf.settings`, and Django then looks here: `__getattr__` and `__dir__` answer from the
  half-imported original, as it would be without us.
- django-configurations puts the values on this module only after it has run; the class's
  `post_setup`, the last thing that is called, is where the changes are made then.
- dynaconf and `from project import settings` get the changes written back (see `changing`).
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from stowage_django import changing


def _project_module_name() -> str:
    name = os.environ.get("STOWAGE_SETTINGS_MODULE", "")
    if not name or name == __name__:
        raise ValueError(
            f"STOWAGE_SETTINGS_MODULE is {name!r}: set it to the project's own settings module, "
            "such as shop.settings (django_project_settings_module)."
        )
    return name


_name = _project_module_name()


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(importlib.import_module(_name), name)


def __dir__() -> list[str]:
    return dir(importlib.import_module(_name))


_project = importlib.import_module(_name)
del __getattr__, __dir__
globals().update({k: v for k, v in vars(_project).items() if not k.startswith("__")})

# Code of the project may ask Django which settings module it uses. (Django sets the attribute
# SETTINGS_MODULE first and then takes each upper-case name of this module.)
SETTINGS_MODULE = _name


def _change_after(configuration: Any, namespace: dict[str, Any], project: ModuleType) -> None:
    """Make the changes at the end of django-configurations' set-up of this class."""
    own_post_setup = configuration.post_setup

    def post_setup(cls: Any) -> None:
        own_post_setup()
        namespace["CONFIGURATION"] = f"{_name}.{configuration.__name__}"
        for name, value in namespace.items():
            if name.isupper():
                setattr(project, name, value)
        changing.write_back(project, changing.change(namespace))

    configuration.post_setup = classmethod(post_setup)


_configuration = getattr(_project, os.environ.get("DJANGO_CONFIGURATION") or "-", None)
if _configuration is not None and hasattr(_configuration, "post_setup"):
    _change_after(_configuration, vars(sys.modules[__name__]), _project)
else:
    changing.write_back(_project, changing.change(globals()))
