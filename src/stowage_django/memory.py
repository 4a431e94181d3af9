"""What one collection leaves to the next: memory.json, collected.json once it is published.

It may only save work. Each entry holds for one content of one file and for the hashed names of its
targets, and is used only where the file that it promises is in the pool. What cannot be read, or
was written under other rules, is no memory at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

DIGEST = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Entry:
    """One file that is minified or rewritten: MD5 of its source, of the text under its plain name
    and of the text under its hashed one, and its targets with their hashed names."""

    source: str
    plain: str
    final: str
    targets: dict[str, Any]


class Memory:
    """`key`: all that the results depend on beside the files; any value that JSON can hold."""

    def __init__(self, key: Any, path: str | None = None) -> None:
        self._key = json.loads(json.dumps(key))
        self._files: dict[str, list[Any]] = {}
        self._own: dict[str, str] = {}
        former = _read(path) if path else {}
        same = former.get("key") == self._key
        self._former_files = _mapping(former.get("files")) if same else {}
        self._former_own = _mapping(former.get("own"))

    def recall(self, name: str, source: str) -> Entry | None:
        """The entry of this name for this content."""
        entry = self._former_files.get(name)
        if not isinstance(entry, list) or len(entry) != 4 or entry[0] != source:
            return None
        _, plain, final, targets = entry
        if not (_is_digest(plain) and _is_digest(final) and isinstance(targets, dict)):
            return None
        return Entry(source, plain, final, targets)

    def forget(self, names: Iterable[str]) -> bool:
        """Drop the entries of these names; whether there were any."""
        return any([self._former_files.pop(name, None) is not None for name in names])

    def keep(self, name: str, entry: Entry) -> None:
        self._files[name] = [entry.source, entry.plain, entry.final, entry.targets]

    def knows_own(self, name: str, digest: str) -> bool:
        """Whether the last publication had this content under a name that is its own hash."""
        return self._former_own.get(name) == digest

    def keep_own(self, name: str, digest: str) -> None:
        self._own[name] = digest

    def write(self, path: str) -> None:
        document = {
            "key": self._key,
            "files": self._files,
            "own": self._own,
        }
        with open(path, "w", encoding="utf-8") as file:
            file.write(json.dumps(document))


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return _mapping(json.loads(file.read()))
    except (OSError, ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and bool(DIGEST.fullmatch(value))
