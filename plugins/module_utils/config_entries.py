# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The wanted state that config_files is given: files, directories, links, and the rules they must
obey."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Any, Union

MODE = re.compile(r"[0-7]{4}")


class ConfigError(Exception):
    """A wanted state that is contradictory, unsafe or out of reach. The text names path and
    remedy."""


@dataclass
class File:
    """A text file. Without owner or group an existing file keeps its own and a new one gets the
    process's."""

    path: str
    content: str = ""
    mode: str = ""
    owner: str | None = None
    group: str | None = None
    state: str = "present"
    sensitive: bool = False


@dataclass
class Directory:
    """A directory. `keep` holds patterns of base names that `exclusive` leaves alone.

    `implied` marks one that is made where it is missing and left as it is where it exists.
    """

    path: str
    mode: str = ""
    owner: str | None = None
    group: str | None = None
    state: str = "present"
    exclusive: bool = False
    keep: list[str] = field(default_factory=list)
    recursive: bool = False
    implied: bool = False


@dataclass
class Link:
    """A symbolic link; `target` is stored as given and may be relative."""

    path: str
    target: str = ""
    state: str = "present"


Entry = Union[File, Directory, Link]


@dataclass
class Entries:
    """The three lists, checked."""

    files: list[File]
    directories: list[Directory]
    links: list[Link]

    @classmethod
    def parse(cls, parameters: dict[str, Any]) -> Entries:
        """Make entries of a module's parameters (lists of dicts; None means not given).

        Raises ConfigError for a relative path, a mode that is no quoted four-digit string, a path
        named twice, and a present entry without its mode, content or target.
        """
        entries = cls(
            [File(**_given(item)) for item in parameters.get("files") or []],
            [Directory(**_given(item)) for item in parameters.get("directories") or []],
            [Link(**_given(item)) for item in parameters.get("links") or []],
        )
        seen: set[str] = set()
        everything: list[Entry] = [*entries.directories, *entries.files, *entries.links]
        for entry in everything:
            _check_path(entry.path, seen)
        with_mode: list[File | Directory] = [*entries.directories, *entries.files]
        for owned in with_mode:
            _check_mode(owned)
        for item in parameters.get("files") or []:
            if item.get("state", "present") == "present" and item.get("content") is None:
                raise ConfigError(f"{item['path']}: content is missing")
        for link in entries.links:
            if link.state == "present" and not link.target:
                raise ConfigError(f"{link.path}: target is missing")
        return entries


def implied_directories(entries: Entries) -> list[Directory]:
    """The present directories in the order in which they can be made, parents first.

    A directory between a listed directory and a listed file or link need not be listed itself:
    where it is missing it is made with mode, owner and group of the nearest listed one above it.
    """
    listed = {item.path: item for item in entries.directories if item.state == "present"}
    result = dict(listed)
    below: list[Entry] = [*entries.files, *entries.links]
    for entry in below:
        if entry.state != "present":
            continue
        missing: list[str] = []
        parent = os.path.dirname(entry.path)
        while parent not in listed and parent != os.path.dirname(parent):
            missing.append(parent)
            parent = os.path.dirname(parent)
        above = listed.get(parent)
        if above is not None:
            for path in missing:
                result[path] = Directory(path, above.mode, above.owner, above.group, implied=True)
    return [result[path] for path in sorted(result)]


def _given(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if value is not None}


def _check_path(path: str, seen: set[str]) -> None:
    if not os.path.isabs(path):
        raise ConfigError(f"path {path!r} is relative; give an absolute path")
    if "\0" in path or os.path.normpath(path) != path or path == "/":
        raise ConfigError(
            f"path {path!r} is not plain; write it without '..', '//' and a '/' at its end"
        )
    if path in seen:
        raise ConfigError(f"path {path} is named twice; each path has one entry")
    seen.add(path)


def _check_mode(entry: File | Directory) -> None:
    if entry.state == "present" and not MODE.fullmatch(entry.mode):
        raise ConfigError(
            f"{entry.path}: mode is {entry.mode!r}; "
            'give four octal digits in quotes, such as "0644"'
        )
