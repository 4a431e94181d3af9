"""The references from one static file to another, by the rules of the installed Django.

Django's manifest storages rewrite a file by regular expressions and a converter, and ask
`_stored_name` for the hashed name of each file that is referred to. All of that is used as it is,
with the project's own choices, in a subclass whose `_stored_name` answers from what is known here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Callable
from urllib.parse import unquote, urlsplit, urlunsplit

from stowage_django.faults import CIRCLE, ENCODING, MISSING, Fault

# Names that Django reads as URLs with something to decode or to take apart, or that os.path treats
# in a special way. All others are hashed by a rule of one line.
ODD = re.compile(r"[^\w./@+-]|//|(?:^|/)\.")
LONGEST_EXCERPT = 60  # characters of a reference in a message


@dataclass
class Rewritten:
    """What came of one file.

    `targets`: names that were asked for -> hashed name, None where there is no such file.
    `pending`: files whose own hashed name has to be known first; the text is not valid then.
    """

    text: str
    targets: dict[str, str | None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    pending: dict[str, None] = field(default_factory=dict)
    to_directory: bool = False

    @property
    def may_be_remembered(self) -> bool:
        """Whether the targets alone decide whether it may be used again."""
        return not self.faults and not self.to_directory


class _Unresolved(Exception):
    """A reference to `target`, which cannot be resolved: `what` goes on after "which"."""

    def __init__(self, target: str, what: str, remedy: str = MISSING) -> None:
        super().__init__(target)
        self.target = target
        self.what = what
        self.remedy = remedy


class References:
    """Rewrites files one at a time. `found` has all names, `hashed` grows while it is used.

    `circles` says which references, (file, target), close a circle, and the circle as text.
    """

    def __init__(self, storage: Any, found: Collection[str], hashed: Mapping[str, str]) -> None:
        self._found = found
        self._hashed = hashed
        self._directories: set[str] | None = None
        self._current = Rewritten("")
        self._name = ""
        self.circles: dict[tuple[str, str], str] = {}
        self._storage = _answering(storage, self._hashed_name_of)
        self.globs = tuple(self._storage._patterns)

    def rules(self) -> list[Any]:
        """All that decides the result beside the file and its targets, as JSON can hold it."""
        return [
            [glob, [[pattern.pattern, *map(str, rest)] for pattern, *rest in patterns]]
            for glob, patterns in self._storage._patterns.items()
        ]

    def hashed_name(self, name: str, digest: str) -> str:
        """The name with the hash in it, as Django's `hashed_name` would put it there."""
        if ODD.search(name):
            odd: str = self._storage.clean_name(self._storage.hashed_name(name, digest[:12]))
            return odd
        root, dot, extension = name.rpartition(".")
        if not dot or "/" in extension:
            return f"{name}.{digest[:12]}"
        return f"{root}.{digest[:12]}.{extension}"

    def rewrite(self, name: str, name_in_storage: str, data: bytes) -> Rewritten:
        """Put hashed names into one file's text, where Django would."""
        try:
            current = Rewritten(data.decode("utf-8"))
        except UnicodeDecodeError as error:
            fault = Fault(name, f"is not UTF-8 ({error})", ENCODING)
            return Rewritten("", faults=[fault])
        self._name, self._current = name, current
        for glob, patterns in self._storage._patterns.items():
            if not fnmatchcase(name_in_storage, glob):
                continue
            for pattern, template, *ignored in patterns:
                if not pattern.search(current.text):
                    continue
                # From Django 6.1 on, references in comments and strings are left alone.
                blocks = [self._storage.get_ignored_blocks(current.text, one) for one in ignored]
                convert = self._storage.url_converter(name, {}, template, *blocks)
                current.text = pattern.sub(partial(self._convert, convert), current.text)
        return current

    def _convert(self, convert: Callable[[re.Match[str]], str], match: re.Match[str]) -> str:
        try:
            return convert(match)
        except (_Unresolved, ValueError) as error:
            self._current.faults.append(self._fault(match, error))
            # Not the group `matched`: in Django 4.2 it is empty for source maps.
            return match.group(0)

    def _fault(self, match: re.Match[str], error: Exception) -> Fault:
        line = match.string.count("\n", 0, match.start("url")) + 1
        excerpt = " ".join(match.group(0).split())[:LONGEST_EXCERPT]
        where = f"(line {line}: {excerpt})"
        if isinstance(error, _Unresolved):
            text, remedy = f"refers to {error.target} {where}, which {error.what}", error.remedy
        else:
            text, remedy = f"has a bad reference {where}: {error}", MISSING
        return Fault(self._name, text, remedy, line, match["url"], forgivable=remedy is MISSING)

    def _hashed_name_of(self, name: str) -> str:
        """What Django's `_stored_name` says in the end, when all files have their hashed names."""
        name = posixpath.normpath(name)
        key = self._storage.clean_name(name)
        known = self._look_up(key)
        if known is not None:
            return known
        # Not the name of a file: Django reads it as a URL, with a query perhaps.
        parts = urlsplit(unquote(name))
        path = parts.path.strip()
        target = posixpath.normpath(path)
        if target.startswith(("../", "/")) or target == "..":
            raise _Unresolved(target, "is outside of the static files")
        known = self._look_up(target)
        if known is None:
            if not self._is_directory(target):
                raise _Unresolved(target, "does not exist")
            self._current.to_directory = True
            return name
        # Django names the hash of the target's source here. Where the target was rewritten, no
        # file of that name exists; the right name is that of the rewritten file.
        hashed = posixpath.join(posixpath.dirname(path), posixpath.basename(known))
        return urlunsplit(parts._replace(path=hashed))

    def _look_up(self, key: str) -> str | None:
        """The hashed name, None for what is no file. A pending file gives its plain name."""
        current = self._current
        hashed = self._hashed.get(key)
        if hashed is None and key in self._found:
            circle = self.circles.get((self._name, key))
            if circle:
                what = "closes a circle of files whose hashed names depend on each other"
                raise _Unresolved(key, f"{what}: {circle}", CIRCLE)
            current.pending[key] = None
            return key
        if hashed is None and key in current.targets.values():
            return key  # An expression before this one has put it there.
        current.targets[key] = hashed
        return hashed

    def _is_directory(self, path: str) -> bool:
        if self._directories is None:
            self._directories = {"."}
            for name in self._found:
                while (name := posixpath.dirname(name)) not in self._directories and name:
                    self._directories.add(name)
        return path in self._directories


def _answering(storage: Any, answer: Callable[[str], str]) -> Any:
    """The storage as an object of a subclass that takes hashed names from `answer`, and in whose
    `hashed_name` the "content" is the hash itself."""

    def stored_name(_: Any, name: str, hashed_files: Any = None) -> str:
        return answer(name)

    def file_hash(_: Any, name: str, content: Any = None) -> Any:
        return content

    kind = type(storage)
    attributes = {"_stored_name": stored_name, "file_hash": file_hash}
    answering_kind = type(f"Answering{kind.__name__}", (kind,), attributes)
    answering: Any = object.__new__(answering_kind)
    vars(answering).update(vars(storage))
    return answering
