"""Atomic files and the lock."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stowage_host.errors import LockedError
from stowage_host.files import (
    lock_holder,
    point_symlink,
    prepared,
    project_lock,
    remove_temporaries,
    write_atomic,
)


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
    with pytest.raises(OSError, match=f"No space left on device: '{place}'"):
        write_atomic(place, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert place.read_text() == "old"


def test_what_was_prepared_is_whole_and_goes_where_it_is_not_used(tmp_path: Path) -> None:
    place = tmp_path / "ledger.json"
    with prepared(place, "new", 0o600) as temporary:
        assert temporary.read_text() == "new"
        assert temporary.stat().st_mode & 0o777 == 0o600
        assert not place.exists()
    assert list(tmp_path.iterdir()) == []
    with prepared(place, "new") as temporary:
        os.replace(temporary, place)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.json"]


def test_temporaries_of_killed_writers_go_and_nothing_else(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f".ledger.json.{dead.pid}").write_text("half")
    os.symlink("releases/1", tmp_path / f".current.{dead.pid}")
    kept = {f".ledger.json.{os.getpid()}", ".hidden", "ledger.json.1"}
    for name in kept:
        (tmp_path / name).write_text("x")
    remove_temporaries(tmp_path, tmp_path / "nowhere")
    assert {path.name for path in tmp_path.iterdir()} == kept


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
