"""Making style sheets and scripts smaller before they are hashed: rcssmin and rjsmin.

Both only take away white space and comments; they rename nothing. The packages belong to the
image, not to Stowage, and are imported when they are wanted.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable
from typing import Any, Callable

from stowage_django.faults import EXIT_TARGET, CollectError

# What static_files_minify names -> package, function in it, endings of file names.
KINDS = {
    "css": ("rcssmin", "cssmin", ("css",)),
    "js": ("rjsmin", "jsmin", ("js", "mjs")),
}
DONE = re.compile(r"\.min\.[^./]+$")


class Minifiers:
    """The minifiers of the kinds that are wanted. CollectError where a package is missing."""

    def __init__(self, kinds: Iterable[str]) -> None:
        self._functions: dict[str, Callable[[str], str]] = {}
        self.versions: dict[str, str] = {}
        for kind in kinds:
            package, function, endings = KINDS[kind]
            module = _import(package, kind)
            self.versions[package] = str(getattr(module, "__version__", ""))
            self._functions.update(dict.fromkeys(endings, getattr(module, function)))

    def wants(self, name: str) -> bool:
        """Whether a file of this name is minified; `*.min.*` is already."""
        return name.rpartition(".")[2] in self._functions and not DONE.search(name)

    @property
    def globs(self) -> list[str]:
        """Names that `wants` may be asked for."""
        return [f"*.{ending}" for ending in self._functions]

    def minify(self, name: str, data: bytes) -> bytes:
        """The smaller text; the file as it is where it is not UTF-8 or does not get smaller."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return data
        smaller = self._functions[name.rpartition(".")[2]](text).encode("utf-8")
        return smaller if len(smaller) < len(data) else data


def _import(package: str, kind: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise CollectError(
            f"static_files_minify has {kind!r}, which needs the package {package} in the image: "
            f"{error}. Add it to the project's requirements, or take {kind!r} out of "
            "static_files_minify.",
            EXIT_TARGET,
        ) from error
