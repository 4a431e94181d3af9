"""Atomic files and the lock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stowage_host.errors import LockedError
from stowage_host.files import lock_holder, point_symlink, project_lock, write_atomic


def test_write_says_whether_anything_changed(tmp_path: Path) -> None:
    place = tmp_path / "a/b"
    assert write_atomic(place, "x", 0o600) is True
    inode = place.stat().st_ino
    assert write_atomic(place, "x", 0o600) is False
    assert place.stat().st_ino == inode
    assert place.stat().st_mode & 0o777 == 0o600


def test_failed_write_leaves_the_former_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a"
    place.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(place, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert place.read_text() == "old"


def test_symlink_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "current"
    assert point_symlink(link, "releases/1") is True
    assert point_symlink(link, "releases/1") is False
    assert point_symlink(link, "releases/2") is True
    assert os.readlink(link) == "releases/2"


HOLD = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from stowage_host.files import project_lock
with project_lock(Path(sys.argv[1]), "static publish", 0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_lock_names_its_holder_and_ends_with_the_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    source = str(Path(__file__).parents[3] / "src")
    words = [sys.executable, "-c", HOLD, str(lock), source]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError, match=f"stowage static publish, process {holder.pid}"),
            project_lock(lock, "wiring apply", 0),
        ):
            pass
        assert lock_holder(lock).startswith(f"stowage static publish, process {holder.pid}")
        holder.kill()
    started = time.monotonic()
    with project_lock(lock, "wiring apply", 5):
        assert time.monotonic() - started < 5
    assert lock_holder(lock) == ""
    assert lock_holder(tmp_path / "nowhere") == ""
