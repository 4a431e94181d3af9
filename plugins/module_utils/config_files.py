# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a list of small files, directories and links on this machine into a wanted state.

Runs on the target with Python 3.9 and the standard library. Two steps: `plan` reads only and
returns every action that is needed, `Action.apply` carries one out. Check mode is a plan without
the second step.
"""

from __future__ import annotations

import contextlib
import fcntl
import fnmatch
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.stowage.django.plugins.module_utils.config_entries import (
    ConfigError,
    Directory,
    Entries,
    File,
    Link,
    implied_directories,
)
from ansible_collections.stowage.django.plugins.module_utils.file_attributes import (
    Attributes,
    current_attributes,
    set_attributes,
    wanted_attributes,
    write_atomically,
    write_link_atomically,
)

DIFF_LIMIT_BYTES = 100_000
HIDDEN_BEFORE = "(content not shown: sensitive)\n"
HIDDEN_AFTER = "(new content not shown: sensitive)\n"


@dataclass
class Action:
    """One change: what it touches, how it reads in a diff, and the function that does it."""

    path: str
    before: str
    after: str
    apply: Callable[[], None]
    label: str = ""

    def diff(self) -> dict[str, str]:
        """The change in the form Ansible prints."""
        header = f"{self.path} ({self.label})" if self.label else self.path
        return {
            "before_header": header,
            "after_header": header,
            "before": self.before,
            "after": self.after,
        }


@dataclass
class Plan:
    """Actions in the order they must run, and directories that stay because something is in
    them."""

    actions: list[Action] = field(default_factory=list)
    kept_paths: list[str] = field(default_factory=list)

    def changed_paths(self) -> list[str]:
        """Each path that changes, once, sorted."""
        return sorted({action.path for action in self.actions})


def plan(entries: Entries, check_mode: bool = False) -> Plan:
    """Compare the machine with `entries`; nothing is written.

    In check mode an owner, group or parent directory that does not exist yet is taken for granted,
    since an earlier task of the same play may be about to create it. Raises ConfigError where the
    wanted state cannot be reached.
    """
    result = Plan()
    directories = implied_directories(entries)
    for directory in directories:
        _plan_directory(directory, result, check_mode)
    known = {item.path for item in directories}
    for file in entries.files:
        if file.state == "present":
            _plan_file(file, result, check_mode, known)
    for link in entries.links:
        if link.state == "present":
            _plan_link(link, result, check_mode, known)
    removed = _plan_removals(entries, result)
    _plan_exclusive(entries, directories, result, removed)
    return result


def carry_out(the_plan: Plan) -> None:
    """Apply all actions in order. Raises ConfigError naming the path the system refused."""
    for action in the_plan.actions:
        try:
            action.apply()
        except OSError as error:
            raise ConfigError(f"{action.path}: {error.strerror or error}") from error


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _kind(status: os.stat_result) -> str:
    for test, name in (
        (stat.S_ISREG, "file"),
        (stat.S_ISDIR, "directory"),
        (stat.S_ISLNK, "symbolic link"),
    ):
        if test(status.st_mode):
            return name
    return "special file"


def _require_parent(path: str, known: set[str], check_mode: bool) -> None:
    parent = os.path.dirname(path)
    if parent in known or check_mode or os.path.isdir(parent):
        return
    raise ConfigError(
        f"{path}: its directory {parent} does not exist; "
        "list it under `directories`, with owner and mode"
    )


def _attribute_action(
    path: str, status: os.stat_result, wanted: Attributes, follow: bool = False
) -> Action | None:
    current = current_attributes(status)
    if wanted.matches(current):
        return None
    after = wanted.over(current)
    return Action(
        path,
        f"{current}\n",
        f"{after}\n",
        lambda: set_attributes(path, wanted, follow),
        "attributes",
    )


def _plan_directory(directory: Directory, result: Plan, check_mode: bool) -> None:
    path = directory.path
    wanted = wanted_attributes(path, directory.mode, directory.owner, directory.group, check_mode)
    status = _lstat(path)
    if status is None:
        _require_parent(path, {action.path for action in result.actions}, check_mode)

        def create() -> None:
            os.mkdir(path, 0o700)
            set_attributes(path, wanted)

        result.actions.append(Action(path, "absent\n", f"directory, {wanted}\n", create))
        return
    if directory.implied and os.path.isdir(path):
        return
    linked = stat.S_ISLNK(status.st_mode)
    if linked and status.st_uid in (0, os.geteuid()) and os.path.isdir(path):
        # An administrator put the data elsewhere. A link of anybody else's is not trusted.
        status = os.stat(path)
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(
            f"{path}: is a {_kind(status)}, a directory is wanted; remove it or move it away"
        )
    action = _attribute_action(path, status, wanted, follow=linked)
    if action:
        result.actions.append(action)


def _plan_file(file: File, result: Plan, check_mode: bool, known: set[str]) -> None:
    path, content = file.path, file.content.encode()
    wanted = wanted_attributes(path, file.mode, file.owner, file.group, check_mode)
    status = _lstat(path)
    if status is None:
        _require_parent(path, known, check_mode)
    elif stat.S_ISREG(status.st_mode):
        with open(path, "rb") as handle:
            same = status.st_size == len(content) and handle.read() == content
        if same:
            action = _attribute_action(path, status, wanted)
            if action:
                result.actions.append(action)
            return
    elif not stat.S_ISLNK(status.st_mode):
        raise ConfigError(
            f"{path}: is a {_kind(status)}, a file is wanted; remove it or move it away"
        )
    regular = status is not None and stat.S_ISREG(status.st_mode)
    # What is not named stays: a rewritten file keeps the owner and group it has.
    final = wanted.over(current_attributes(status)) if status and regular else wanted
    result.actions.append(
        Action(
            path,
            _shown(path, status, file.sensitive),
            HIDDEN_AFTER if file.sensitive else _clipped(content),
            lambda: write_atomically(path, content, final),
        )
    )


def _plan_link(link: Link, result: Plan, check_mode: bool, known: set[str]) -> None:
    path = link.path
    status = _lstat(path)
    if status is None:
        _require_parent(path, known, check_mode)
        before = "absent\n"
    elif not stat.S_ISLNK(status.st_mode):
        raise ConfigError(
            f"{path}: is a {_kind(status)}, a symbolic link is wanted; remove it or move it away"
        )
    else:
        current = os.readlink(path)
        if current == link.target:
            return
        before = f"-> {current}\n"
    result.actions.append(
        Action(
            path, before, f"-> {link.target}\n", lambda: write_link_atomically(path, link.target)
        )
    )


def _plan_removals(entries: Entries, result: Plan) -> set[str]:
    """Files and links first, then directories from the deepest up. Returns the paths that go."""
    removed: set[str] = set()
    for file in entries.files:
        if file.state == "absent":
            _plan_unlink(file.path, result, removed, file.sensitive, ("file", "symbolic link"))
    for link in entries.links:
        if link.state == "absent":
            _plan_unlink(link.path, result, removed, False, ("symbolic link",))
    absent = [item for item in entries.directories if item.state == "absent"]
    for directory in sorted(absent, key=lambda item: item.path.count("/"), reverse=True):
        _plan_rmdir(directory, result, removed)
    return removed


def _plan_unlink(
    path: str, result: Plan, removed: set[str], sensitive: bool, kinds: tuple[str, ...]
) -> None:
    status = _lstat(path)
    if status is None:
        return
    if _kind(status) not in kinds:
        raise ConfigError(f"{path}: is a {_kind(status)}, not a {kinds[0]}; it is not removed")
    removed.add(path)
    before = _shown(path, status, sensitive)
    result.actions.append(Action(path, before, "absent\n", lambda: os.unlink(path)))


def _plan_rmdir(directory: Directory, result: Plan, removed: set[str]) -> None:
    path = directory.path
    status = _lstat(path)
    if status is None:
        return
    if not stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"{path}: is a {_kind(status)}, not a directory; it is not removed")
    if directory.recursive:
        _plan_rmtree(path, result, removed)
        return
    left = [name for name in os.listdir(path) if os.path.join(path, name) not in removed]
    if left or os.path.ismount(path):
        result.kept_paths.append(path)
        return
    removed.add(path)
    result.actions.append(Action(path, "directory\n", "absent\n", lambda: os.rmdir(path)))


def _plan_rmtree(path: str, result: Plan, removed: set[str]) -> None:
    for folder, names, _files in os.walk(path):
        for candidate in [folder, *(os.path.join(folder, name) for name in names)]:
            if os.path.ismount(candidate):
                raise ConfigError(f"{candidate}: is a mount point; {path} is not removed")
    removed.add(path)
    before = "directory and all it holds\n"
    result.actions.append(Action(path, before, "absent\n", lambda: shutil.rmtree(path)))


def _plan_exclusive(
    entries: Entries, directories: list[Directory], result: Plan, removed: set[str]
) -> None:
    """Remove what stands below an exclusive directory and is not in the lists."""
    wanted = {item.path for item in directories}
    wanted.update(item.path for item in entries.files if item.state == "present")
    wanted.update(item.path for item in entries.links if item.state == "present")
    for directory in entries.directories:
        if directory.exclusive and directory.state == "present":
            _plan_strangers(directory.path, directory.keep, wanted, result, removed)


def _plan_strangers(
    path: str, keep: list[str], wanted: set[str], result: Plan, removed: set[str]
) -> None:
    if not os.path.isdir(path):
        return
    for entry in sorted(os.scandir(path), key=lambda item: item.name):
        if any(fnmatch.fnmatch(entry.name, pattern) for pattern in keep):
            continue
        is_directory = entry.is_dir(follow_symlinks=False)
        if entry.path in wanted:
            if is_directory:
                _plan_strangers(entry.path, keep, wanted, result, removed)
        elif entry.path in removed:
            continue
        elif is_directory:
            _plan_rmtree(entry.path, result, removed)
        else:
            removed.add(entry.path)
            result.actions.append(
                Action(entry.path, "not in the list\n", "absent\n", _unlinker(entry.path))
            )


def _unlinker(path: str) -> Callable[[], None]:
    return lambda: os.unlink(path)


def _shown(path: str, status: os.stat_result | None, sensitive: bool) -> str:
    """What stands at `path` now, as text for a diff."""
    if status is None:
        return ""
    if stat.S_ISLNK(status.st_mode):
        return f"-> {os.readlink(path)}\n"
    if sensitive:
        return HIDDEN_BEFORE
    with open(path, "rb") as handle:
        return _clipped(handle.read(DIFF_LIMIT_BYTES + 1))


def _clipped(content: bytes) -> str:
    if len(content) > DIFF_LIMIT_BYTES:
        return f"(more than {DIFF_LIMIT_BYTES} bytes, not shown)\n"
    try:
        return content.decode()
    except UnicodeDecodeError:
        return "(not UTF-8 text, not shown)\n"


@contextlib.contextmanager
def _alone(entries: Entries) -> Iterator[None]:
    """Let no other run work on the same exclusive directory.

    Several hosts of an inventory may be one server: each run would take the temporary files of
    the others for strangers.
    """
    with contextlib.ExitStack() as held:
        for path in sorted({item.path for item in entries.directories if item.exclusive}):
            place = os.path.dirname(path)
            while not os.path.isdir(place):
                place = os.path.dirname(place)
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def run(parameters: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """The whole job: parse, plan, carry out. Returns changed, changed_paths, kept_paths, diff and
    msg."""
    entries = Entries.parse(parameters)
    with _alone(entries):
        try:
            the_plan = plan(entries, check_mode)
        except OSError as error:
            raise ConfigError(f"{error.filename}: {error.strerror}") from error
        if not check_mode:
            carry_out(the_plan)
    paths = the_plan.changed_paths()
    return {
        "changed": bool(paths),
        "changed_paths": paths,
        "kept_paths": the_plan.kept_paths,
        "diff": [action.diff() for action in the_plan.actions],
        "msg": f"{len(paths)} changed: {', '.join(paths)}" if paths else "nothing to change",
    }
