# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that are whole or not there at all, and the lock of a project."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .errors import LockedError


def utc_now() -> str:
    """Now in UTC, as `2026-01-31T12:00:00Z`."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_atomic(path: Path, content: str, mode: int = 0o644) -> bool:
    """Write `content` to `path` by rename; return whether it differs from what was there."""
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == content:
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    with prepared(path, content, mode) as temporary:
        os.replace(temporary, path)
    return True


@contextlib.contextmanager
def prepared(path: Path, content: str, mode: int = 0o644) -> Iterator[Path]:
    """`content` in a file beside `path`, safely on the disk, for a rename that then needs no room.

    It is removed where the rename did not come to pass. Raises OSError that names `path`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                os.fchmod(stream.fileno(), mode)
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


TEMPORARY = re.compile(r"\..+\.(?P<process>[0-9]+)")


def remove_temporaries(*folders: Path) -> None:
    """Remove what killed writers left in `folders`; what a living process writes stays."""
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):
            for path in list(folder.iterdir()):
                match = TEMPORARY.fullmatch(path.name)
                if match and not Path("/proc", match["process"]).exists():
                    path.unlink()


def write_json(path: Path, document: Any, mode: int = 0o644) -> bool:
    """Write `document` as readable JSON; see `write_atomic`."""
    return write_atomic(path, json_text(document), mode)


def json_text(document: Any) -> str:
    """`document` as readable JSON."""
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def read_json(path: Path) -> Any:
    """The JSON document in `path`; None where there is no such file. Damage is an error."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def point_symlink(link: Path, target: str) -> bool:
    """Let `link` point to `target` in one rename, so that no reader ever misses it."""
    with contextlib.suppress(OSError):
        if os.readlink(link) == target:
            return False
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    os.symlink(target, temporary)
    os.replace(temporary, link)
    return True


def lock_holder(path: Path) -> str:
    """Who holds the project's lock right now; '' where nobody does."""
    try:
        with open(path, encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return stream.read().strip() or "an unknown process"
    except FileNotFoundError:
        pass
    return ""


@contextlib.contextmanager
def project_lock(path: Path, verb: str, wait_seconds: float) -> Iterator[None]:
    """Hold the project's lock; the kernel lets go of it when the process dies, however it dies.

    Raises LockedError naming the holder after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as stream:
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    stream.seek(0)
                    holder = stream.read().strip() or "an unknown process"
                    raise LockedError(
                        f"another run holds the lock of this project: {holder}; wait for it to end"
                    ) from None
                time.sleep(0.2)
        stream.truncate(0)
        stream.write(f"stowage {verb}, process {os.getpid()}, since {utc_now()}\n")
        stream.flush()
        yield
