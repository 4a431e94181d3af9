"""Arm the second way: wait for `django.conf` to be imported, then patch it (see `hook`).

`stowage.pth` calls `arm()` at the start of every interpreter of the container, also of those that
never import Django. So this file imports nothing that the start of Python has not imported
already: `importlib.abc` alone would cost 21 ms, this costs well under one.

(Hence no `from __future__ import annotations` either; the annotations are strings.)
"""

import sys

TYPE_CHECKING = False  # as typing.TYPE_CHECKING, without importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

WATCHED = "django.conf"


class Finder:
    """Answers for `django.conf` only: the spec of whoever finds it, its execution followed by us.

    The loader stays the genuine one, so that `inspect`, tracebacks and `pkgutil` see what they
    would see without us; only its `exec_module` is replaced, for this one module.
    """

    def find_spec(
        self,
        name: str,
        path: "Sequence[str] | None" = None,
        target: "ModuleType | None" = None,
    ) -> "ModuleSpec | None":
        if name != WATCHED:
            return None
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            if finder is self or find_spec is None:
                continue
            spec: ModuleSpec | None = find_spec(name, path, target)
            if spec is not None:
                self._follow(spec.loader)
                return spec
        return None

    def _follow(self, loader: "Any") -> None:
        execute = loader.exec_module

        def exec_module(module: "ModuleType") -> None:
            execute(module)
            disarm(self)
            patch(module)

        loader.exec_module = exec_module


def arm() -> None:
    """Patch `django.conf` now if it is imported, else when it is. Calling it again does nothing."""
    module = sys.modules.get(WATCHED)
    if module is not None:
        patch(module)
    elif not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())


def disarm(finder: "Finder") -> None:
    """Take the finder away; it has done its work."""
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)


def patch(module: "ModuleType") -> None:
    """Import the part that needs Django, only now that Django is there."""
    from stowage_django import hook

    hook.patch(module)
