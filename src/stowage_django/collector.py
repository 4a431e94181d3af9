"""The incremental collector: the outcome of Django's collectstatic with a manifest storage, at the
cost of reading and hashing the project's static files.

Every file is read and hashed each time: its content decides, never its time. A style sheet or
script whose content and targets are those of the last publication is not rewritten again, and only
what the server's pool lacks is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from typing import Any

import django
from django.conf import settings

from stowage_django import sources
from stowage_django.faults import EXIT_FILES, OWN_HASH, UNREADABLE, CollectError, Fault, message
from stowage_django.memory import Entry, Memory
from stowage_django.minify import Minifiers
from stowage_django.references import References
from stowage_django.staging import Staging


@dataclass(frozen=True)
class Wishes:
    """What static_files_* ask of the collector."""

    own_hashes: Sequence[str] = ()
    minify: Sequence[str] = ()
    forgiving: bool = False


@dataclass
class Collected:
    """`paths`: name -> hashed name, as in Django's manifest. `plain`: name -> MD5 of what stands
    under it, where that is not the hashed file. `forgiven`: references left alone."""

    paths: dict[str, str]
    plain: dict[str, str] = field(default_factory=dict)
    forgiven: list[Fault] = field(default_factory=list)

    def manifest(self) -> str:
        """The document that Django's manifest storages write, and `plain`."""
        entries = sorted(self.paths.items())
        digest = md5(json.dumps(entries).encode(), usedforsecurity=False).hexdigest()[:12]
        document = {"paths": dict(entries), "version": "1.1", "hash": digest, "plain": self.plain}
        return json.dumps(document)


RULES = 1
"""Counted up when the same files would be collected otherwise: the memory of the past is void."""


class Collector:
    """Collects once; CollectError with all faults of the files."""

    def __init__(self, storage: Any, staging: Staging, wishes: Wishes) -> None:
        self._staging = staging
        self._wishes = wishes
        self._found = sources.find()
        self._hashed: dict[str, str] = {}
        self._plain: dict[str, str] = {}
        self._faults: list[Fault] = []
        self._references = References(storage, self._found.sources, self._hashed)
        self._minifiers = Minifiers(wishes.minify)
        self._is_adjusted = sources.matcher(self._references.globs)
        self._is_own = sources.matcher(wishes.own_hashes)
        key = [
            *(RULES, django.get_version(), settings.STATIC_URL, self._references.rules()),
            *(self._minifiers.versions, list(wishes.own_hashes)),
        ]
        self._memory = Memory(key, staging.memory)
        # Content of files that wait for the hashed names of their targets.
        self._waiting: dict[str, bytes] = {}

    def collect(self) -> Collected:
        """Fill the staging directory but for the manifest."""
        worked = sources.matcher((*self._references.globs, *self._minifiers.globs))
        later = []
        for name, source in self._found.sources.items():
            if self._is_own(name):
                self._take_own(name, source)
            elif worked(name):
                later.append(name)
            else:
                self._take(name, source)
        for name in later:
            self._settle_with_targets(name)
        forgiving = self._wishes.forgiving
        faults = [fault for fault in self._faults if not (forgiving and fault.forgivable)]
        if faults:
            raise CollectError(message(faults), EXIT_FILES)
        return Collected(self._hashed, self._plain, self._faults)

    def remember(self) -> None:
        """Write what the next collection may use."""
        self._memory.write(str(self._staging.target / "memory.json"))

    def _take(self, name: str, source: sources.Source) -> None:
        """A file that is served as it is."""
        try:
            digest, content = sources.digest(source)
        except OSError as error:
            self._unreadable(name, error)
            return
        hashed = self._hashed[name] = self._references.hashed_name(name, digest)
        staging = self._staging
        if not staging.in_pool(hashed):
            staging.put(hashed, content)
        if staging.complete:
            staging.put(name, content)

    def _take_own(self, name: str, source: sources.Source) -> None:
        """A file whose name changes with its content: the project's bundler has hashed it."""
        try:
            digest, content = sources.digest(source)
        except OSError as error:
            self._unreadable(name, error)
            return
        self._hashed[name] = name
        self._memory.keep_own(name, digest)
        if not self._staging.in_pool(name):
            self._staging.put(name, content)
        elif not self._memory.knows_own(name, digest) and digest != self._staging.pool_digest(name):
            text = "has other content than the published file of this name, which never changes"
            self._faults.append(Fault(name, text, OWN_HASH))

    def _unreadable(self, name: str, error: OSError) -> None:
        self._hashed[name] = name  # So that what refers to it is no second fault.
        text = f"cannot be read by user {os.getuid()}: {error.strerror or error}"
        self._faults.append(Fault(name, text, UNREADABLE))

    def _settle_with_targets(self, first: str) -> None:
        while first not in self._hashed:
            self._descend(first)

    def _descend(self, first: str) -> None:
        """Depth first, without recursion: chains of imports can be long."""
        ancestors = {first: None}
        stack: list[tuple[str, Iterator[str]]] = [(first, iter(()))]
        while stack:
            name, pending = stack[-1]
            for target in pending:
                if target in ancestors:
                    circle = list(ancestors)[list(ancestors).index(target) :]
                    if self._memory.forget(circle):
                        return  # It may be the memory's circle and not the files': look again.
                    self._references.circles[name, target] = _arrows([*circle, target])
                elif target not in self._hashed:
                    ancestors[target] = None
                    stack.append((target, iter(())))
                    break
            else:
                missing = self._settle(name)
                if missing:
                    stack[-1] = (name, iter(missing))
                else:
                    stack.pop()
                    del ancestors[name]

    def _settle(self, name: str) -> list[str]:
        """Give one file its hashed name; returns the files that have to have theirs first."""
        try:
            data = self._waiting.pop(name, None) or sources.read(self._found.sources[name])
        except OSError as error:
            self._unreadable(name, error)
            return []
        source = md5(data, usedforsecurity=False).hexdigest()
        entry = self._memory.recall(name, source)
        pending = self._unsettled(entry) if entry else []
        if pending:
            self._waiting[name] = data
            return pending
        if entry and self._is_still_right(name, entry):
            self._hashed[name] = self._references.hashed_name(name, entry.final)
            self._memory.keep(name, entry)
            if entry.plain != entry.final:
                self._plain[name] = entry.plain
                if not self._staging.has_plain(entry.plain):
                    minified = entry.plain != entry.source
                    plain = self._minifiers.minify(name, data) if minified else data
                    self._staging.put(name, plain)
            return []
        return self._work(name, source, data)

    def _unsettled(self, entry: Entry) -> list[str]:
        """Targets of the last time that have no hashed name yet."""
        return [
            name
            for name, hashed in entry.targets.items()
            if hashed is not None and name not in self._hashed and name in self._found.sources
        ]

    def _is_still_right(self, name: str, entry: Entry) -> bool:
        """Whether the targets are named as they were, and the result is published."""
        known = self._hashed.get
        for target, hashed in entry.targets.items():
            if known(target) != hashed or (hashed is None and target in self._found.sources):
                return False
        return self._staging.in_pool(self._references.hashed_name(name, entry.final))

    def _work(self, name: str, source: str, data: bytes) -> list[str]:
        """Minify and rewrite one file; as `_settle`."""
        plain, final = data, data
        targets: dict[str, str | None] = {}
        if self._minifiers.wants(name):
            plain = final = self._minifiers.minify(name, data)
        remembered = True
        if self._is_adjusted(name):
            done = self._references.rewrite(name, self._found.inner.get(name, name), plain)
            if done.pending:
                self._waiting[name] = data
                return list(done.pending)
            self._faults.extend(done.faults)
            final, targets, remembered = done.text.encode(), done.targets, done.may_be_remembered
        entry = Entry(
            source,
            source if plain is data else md5(plain, usedforsecurity=False).hexdigest(),
            md5(final, usedforsecurity=False).hexdigest(),
            targets,
        )
        if remembered:
            self._memory.keep(name, entry)
        hashed = self._hashed[name] = self._references.hashed_name(name, entry.final)
        if not self._staging.in_pool(hashed):
            self._staging.put(hashed, final)
        if entry.plain != entry.final:
            self._plain[name] = entry.plain
        if self._staging.complete or (
            entry.plain != entry.final and not self._staging.has_plain(entry.plain)
        ):
            self._staging.put(name, plain)
        return []


def _arrows(names: list[str]) -> str:
    if len(names) > 10:
        names[5:-4] = ["..."]
    return " -> ".join(names)
