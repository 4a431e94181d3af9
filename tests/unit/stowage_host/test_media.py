"""The place of uploads on a real file system: who may write, who may read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stowage_host.media import own

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def modes(place: Path) -> dict[str, tuple[int, str]]:
    found = {}
    for path in (place, *place.rglob("*")):
        status = path.lstat()
        found[str(path.relative_to(place))] = (status.st_uid, oct(status.st_mode & 0o777))
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A tree as root left it: a private file in a private folder, and a link out of the tree."""
    (tmp_path / "outside").write_text("x")
    (tmp_path / "outside").chmod(0o600)
    place = tmp_path / "media"
    (place / "a").mkdir(parents=True)
    (place / "a/b.txt").write_text("x")
    (place / "a/b.txt").chmod(0o600)
    (place / "a").chmod(0o700)
    (place / "link").symlink_to(tmp_path / "outside")
    return place


def test_a_tree_of_root_becomes_the_containers_and_nginx_can_read_it(place: Path) -> None:
    assert own(place, 1000, 1000) is True
    found = modes(place)
    assert found["."] == (1000, "0o755")
    assert found["a"] == (1000, "0o755")
    assert found["a/b.txt"] == (1000, "0o644")
    assert (place.parent / "outside").stat().st_uid == 0
    assert (place.parent / "outside").stat().st_mode & 0o777 == 0o600


def test_a_second_time_changes_nothing(place: Path) -> None:
    own(place, 1000, 1000)
    assert own(place, 1000, 1000) is False


@pytest.mark.parametrize("uid", [0, 1000])
def test_a_tree_that_the_user_can_write_keeps_its_files_as_they_are(place: Path, uid: int) -> None:
    os.chown(place, uid, uid)
    place.chmod(0o700)
    before = modes(place)
    assert own(place, uid, uid) is True
    after = modes(place)
    assert after.pop(".") == (uid, "0o755")
    before.pop(".")
    assert after == before
