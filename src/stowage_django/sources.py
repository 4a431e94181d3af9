"""Where each static file of the project comes from, and reading it.

A source is the path of a local file, or the pair (storage, name in that storage). Django's
`get_files` costs more than reading and hashing the files that it finds, so that the folders of its
own finders are walked here, with the same outcome.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from hashlib import md5
from typing import Any, Union

from django.apps import apps
from django.contrib.staticfiles import utils
from django.contrib.staticfiles.finders import AppDirectoriesFinder, FileSystemFinder, get_finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.storage import FileSystemStorage

Source = Union[str, tuple[Any, str]]
PART = 65_536  # bytes read at a time: a larger buffer costs each small file more than it saves


def matcher(globs: Iterable[str]) -> Callable[[str], object]:
    """As Django's `matches_patterns`: whether a name matches one of the globs as a whole."""
    expressions = [translate(glob) for glob in globs]
    return re.compile("|".join(expressions)).match if expressions else lambda name: None


@dataclass
class Found:
    """`sources`: name below STATIC_URL -> source. `inner`: name -> the name without the prefix of
    STATICFILES_DIRS, where there is one: Django matches its patterns with that."""

    sources: dict[str, Source] = field(default_factory=dict)
    inner: dict[str, str] = field(default_factory=dict)

    def add(self, storage: Any, names: Iterable[tuple[str, Source]]) -> None:
        """The first one that has a name wins."""
        prefix = getattr(storage, "prefix", None)
        known = self.sources
        for name, source in names:
            full = os.path.join(prefix, name) if prefix else name
            if "\\" in full:  # No URL can carry it; Django's manifest has a slash.
                full = full.replace("\\", "/")
            if full not in known:
                known[full] = source
                if prefix:
                    self.inner[full] = name


def find() -> Found:
    """All static files of the project, as Django's collectstatic finds them."""
    found = Found()
    globs = [os.path.normpath(p) for p in apps.get_app_config("staticfiles").ignore_patterns]
    for finder in get_finders():
        storages = _storages(finder)
        if storages is None:
            for name, storage in finder.list(globs):
                found.add(storage, [(name, (storage, name))])
            continue
        for storage in storages:
            if type(storage) in (FileSystemStorage, StaticFilesStorage):
                found.add(storage, _walk(storage.location, matcher(globs)))
            else:  # A class of the project's may list and read otherwise.
                names = utils.get_files(storage, globs)
                found.add(storage, ((name, (storage, name)) for name in names))
    return found


def _storages(finder: Any) -> list[Any] | None:
    """What Django's own finders list, in their order; None for a finder with a way of its own."""
    listing = getattr(type(finder), "list", None)
    if listing is FileSystemFinder.list:
        return [finder.storages[root] for _, root in finder.locations if os.path.isdir(root)]
    if listing is AppDirectoriesFinder.list:
        return [storage for storage in finder.storages.values() if storage.exists("")]
    return None


def _walk(location: str, ignored: Callable[[str], object]) -> Iterator[tuple[str, str]]:
    """(name, path) of all files below `location`, as `get_files` finds them."""
    folders = [""]
    while folders:
        folder = folders.pop()
        with os.scandir(f"{location}/{folder}") as entries:
            for entry in entries:
                name = entry.name
                if ignored(name):
                    continue
                if entry.is_dir():
                    folders.append(f"{folder}{name}/")
                elif not folder:
                    yield name, entry.path
                elif not ignored(folder + name):
                    yield folder + name, entry.path


def digest(source: Source) -> tuple[str, bytes | str]:
    """MD5 and content; in place of the content the path, for a local file larger than PART."""
    if not isinstance(source, str):
        data = read(source)
        return md5(data, usedforsecurity=False).hexdigest(), data
    descriptor = os.open(source, os.O_RDONLY)
    try:
        data = os.read(descriptor, PART)
        hasher = md5(data, usedforsecurity=False)
        part = os.read(descriptor, PART)
        if not part:
            return hasher.hexdigest(), data
        while part:
            hasher.update(part)
            part = os.read(descriptor, PART)
        return hasher.hexdigest(), source
    finally:
        os.close(descriptor)


def read(source: Source) -> bytes:
    """The whole content."""
    if isinstance(source, str):
        descriptor = os.open(source, os.O_RDONLY)
        try:
            parts = [os.read(descriptor, PART)]
            while parts[-1]:
                parts.append(os.read(descriptor, PART))
            return b"".join(parts)
        finally:
            os.close(descriptor)
    storage, name = source
    with storage.open(name) as file:
        content: bytes = file.read()
        return content
