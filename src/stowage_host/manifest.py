# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release's manifest: which file each static name stands for, and what that file holds.

It is the one that the application reads (Django's format), with what only the server needs beside:

paths         name -> name with the hash of the content
own_hashes    names that carry a hash of their maker's (a bundler's, django-compressor's)
digests       MD5 of each file whose name does not tell it
compressor    django-compressor's offline manifest, passed on as the container wrote it
"""

from __future__ import annotations

import json
import posixpath
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import GateError, StowageError

HASHED = re.compile(r"\.(?P<hash>[0-9a-f]{12})(?:\.[^./]+)?$")
"""The end of a name that Django's manifest storages give."""
DIGEST = re.compile(r"[0-9a-f]{32}")
MOST_BYTES = 256 * 1024 * 1024
"""Of a document that a container wrote; one of 50,000 files has about 8 MB."""


@dataclass(frozen=True)
class Manifest:
    """See the module's text. Names are relative to the static root."""

    paths: dict[str, str] = field(default_factory=dict)
    own_hashes: frozenset[str] = frozenset()
    digests: dict[str, str] = field(default_factory=dict)
    compressor: dict[str, Any] | None = None

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """A published manifest; raises StowageError where it cannot be read."""
        try:
            document: Any = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                dict(document["paths"].items()),
                frozenset(document.get("own_hashes") or ()),
                dict(document.get("digests") or {}),
                document.get("compressor"),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StowageError(f"the manifest {path} cannot be read ({error})") from None

    def text(self) -> str:
        """The manifest as it is written."""
        document: dict[str, Any] = {
            "paths": dict(sorted(self.paths.items())),
            "version": "1.1",
            "hash": "",
            "own_hashes": sorted(self.own_hashes),
            "digests": dict(sorted(self.digests.items())),
        }
        if self.compressor is not None:
            document["compressor"] = self.compressor
        return json.dumps(document, indent=1)

    def in_pool(self, hashed: str) -> bool:
        """Whether a name is one that is never given to other content."""
        return hashed in self.own_hashes or HASHED.search(hashed) is not None

    @property
    def pooled(self) -> set[str]:
        """Names of the release's files in the pool."""
        return {hashed for hashed in self.paths.values() if self.in_pool(hashed)}

    def promise(self, name: str) -> str:
        """How the MD5 of a file begins, by the record or by its name; '' where neither tells."""
        match = HASHED.search(name)
        return self.digests.get(name) or (match["hash"] if match else "")

    @property
    def links(self) -> dict[str, str]:
        """Names of the release's tree that are links into the pool -> name in the pool."""
        pooled = self.pooled
        return {
            name: hashed
            for name, hashed in self.paths.items()
            if hashed in pooled and (name in pooled or name not in self.digests)
        }

    @property
    def own_files(self) -> set[str]:
        """Names of the release's tree whose files are kept by their MD5, beside the pool."""
        return self.digests.keys() - self.pooled


def is_safe(name: str) -> bool:
    """Whether a name is a plain relative path that a URL can carry."""
    return (
        name == posixpath.normpath(name)
        and not name.startswith(("/", "../"))
        and name not in (".", "..")
        and name.isprintable()
        and "\\" not in name
    )


def read_document(path: Path, what: str) -> dict[str, Any] | None:
    """A JSON document that a container wrote; None where there is none.

    Raises GateError for what is no plain file, too large, or no JSON object.
    """
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise GateError(f"{what} in the staging directory is no plain file: not published")
    if status.st_size > MOST_BYTES:
        raise GateError(f"{what} in the staging directory is larger than {MOST_BYTES} bytes")
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise GateError(f"{what} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise GateError(f"{what} cannot be read: it is no JSON object")
    return document


@dataclass(frozen=True)
class Collected:
    """What a container says of its collection: `paths` and `compressor` as in the manifest, and
    `plain`, the MD5 of what stands under plain names, where the pool's file does not."""

    paths: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    compressor: dict[str, Any] | None = None


def collected(path: Path) -> Collected:
    """What a container collected; nothing where it wrote no manifest.

    Raises GateError for a damaged manifest, or one that names files outside of the static files.
    """
    document = read_document(path, "the manifest")
    if document is None:
        return Collected()
    try:
        pairs = {str(name): str(hashed) for name, hashed in document["paths"].items()}
        plain = {str(name): str(digest) for name, digest in (document.get("plain") or {}).items()}
        found = document.get("compressor")
        compressor = None if found is None else dict(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GateError(f"the manifest cannot be read: {error}") from None
    for name, hashed in pairs.items():
        for value in (name, hashed):
            if not is_safe(value):
                raise GateError(
                    f"the manifest names {value!r}, which is outside of the static files"
                )
    for name, digest in plain.items():
        if name not in pairs or not DIGEST.fullmatch(digest):
            raise GateError(f"the manifest says of {name!r} that it holds {digest!r}: no MD5 of it")
    return Collected(pairs, plain, compressor)
