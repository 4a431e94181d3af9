# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mode, owner and group of files, and writes that a reader sees either not at all or whole."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
import tempfile
from dataclasses import dataclass

from ansible_collections.stowage.django.plugins.module_utils.config_entries import ConfigError

# A user or group that does not exist yet (check mode only): equal to no real id.
UNKNOWN_ID = -2


@dataclass(frozen=True)
class Attributes:
    """Permission bits and numeric ids; an id of None means "leave it"."""

    mode: int
    uid: int | None = None
    gid: int | None = None

    def over(self, current: Attributes) -> Attributes:
        """These attributes, with what they leave open taken from `current`."""
        return Attributes(
            self.mode,
            current.uid if self.uid is None else self.uid,
            current.gid if self.gid is None else self.gid,
        )

    def matches(self, current: Attributes) -> bool:
        """Whether nothing would change on a file that has `current`."""
        return self.over(current) == current

    def __str__(self) -> str:
        parts = [f"mode={self.mode:04o}"]
        if self.uid is not None:
            parts.append(f"owner={_user_name(self.uid)}")
        if self.gid is not None:
            parts.append(f"group={_group_name(self.gid)}")
        return " ".join(parts)


def current_attributes(status: os.stat_result) -> Attributes:
    """The attributes in an lstat result."""
    return Attributes(stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)


def wanted_attributes(
    path: str, mode: str, owner: str | None, group: str | None, check_mode: bool
) -> Attributes:
    """Resolve names to ids. `path` is for the message of the ConfigError that an unknown name
    raises."""
    try:
        uid = (
            None if owner is None else int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
        )
    except KeyError:
        if not check_mode:
            raise ConfigError(
                f"{path}: there is no user {owner!r}; create it or name another"
            ) from None
        uid = UNKNOWN_ID
    try:
        gid = (
            None if group is None else int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
        )
    except KeyError:
        if not check_mode:
            raise ConfigError(
                f"{path}: there is no group {group!r}; create it or name another"
            ) from None
        gid = UNKNOWN_ID
    return Attributes(int(mode, 8), uid, gid)


def set_attributes(path: str, wanted: Attributes, follow: bool = False) -> None:
    """Set owner, group and mode of an existing file or directory, through a descriptor.

    A symbolic link that took the path's place meanwhile is an OSError, unless `follow` is set.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    try:
        _set_on_descriptor(descriptor, wanted)
    finally:
        os.close(descriptor)


def write_atomically(path: str, content: bytes, wanted: Attributes) -> None:
    """Write a file beside `path`, complete with attributes and on disk, then rename it into place.

    A symbolic link at `path` is replaced, not followed. On failure nothing stays behind.
    """
    folder, name = os.path.split(path)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            _set_on_descriptor(handle.fileno(), wanted)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_directory(folder)


def write_link_atomically(path: str, target: str) -> None:
    """Point `path` at `target`; a reader finds the old or the new link, never none."""
    folder, name = os.path.split(path)
    # mkdtemp reserves a name that nobody else uses; a link cannot be made over an existing file.
    scratch = tempfile.mkdtemp(prefix=f".{name}.", suffix=".tmp", dir=folder)
    temporary = os.path.join(scratch, name)
    try:
        os.symlink(target, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        os.rmdir(scratch)
    _sync_directory(folder)


def _set_on_descriptor(descriptor: int, wanted: Attributes) -> None:
    current = current_attributes(os.fstat(descriptor))
    final = wanted.over(current)
    if (final.uid, final.gid) != (current.uid, current.gid):
        os.fchown(
            descriptor,
            -1 if final.uid is None else final.uid,
            -1 if final.gid is None else final.gid,
        )
    # After the owner: chown clears set-user-id and set-group-id bits.
    os.fchmod(descriptor, wanted.mode)


def _sync_directory(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid) if uid >= 0 else "(not there yet)"


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OverflowError):
        return str(gid) if gid >= 0 else "(not there yet)"
