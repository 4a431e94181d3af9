"""Reading back what was published, and every way in which it can have gone wrong since."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable

import pytest

from stowage_host import gate, repair
from stowage_host.manifest import Manifest
from stowage_host.project import Paths

CONTENT = b"p { margin: 0 }\n"
NAME = f"css/a.{hashlib.md5(CONTENT).hexdigest()[:12]}.css"
MANIFEST = Manifest({"css/a.css": NAME}, frozenset(), {"own.txt": hashlib.md5(b"own").hexdigest()})


@pytest.fixture
def published(paths: Paths) -> Paths:
    tree = paths.releases / "r1"
    for place in (paths.pool / "css", tree / "css"):
        place.mkdir(parents=True)
    (paths.pool / NAME).write_bytes(CONTENT)
    os.link(paths.pool / NAME, tree / "css/a.css")
    paths.plain.mkdir()
    (tree / "own.txt").write_bytes(b"own")
    os.link(tree / "own.txt", paths.plain / hashlib.md5(b"own").hexdigest())
    return paths


def said(paths: Paths, decode: tuple[str, ...] = ()) -> list[str]:
    return [str(fault) for fault in gate.faults(paths, "r1", MANIFEST, decode)]


def test_nothing_is_wrong_with_what_was_just_published(published: Paths) -> None:
    assert said(published, (NAME,)) == []


def pool_file_is_gone(paths: Paths) -> None:
    (paths.pool / NAME).unlink()


def pool_file_rotted(paths: Paths) -> None:
    (paths.pool / NAME).write_bytes(CONTENT[:-1] + b"\0")


def pool_file_is_a_link(paths: Paths) -> None:
    (paths.pool / NAME).unlink()
    (paths.pool / NAME).symlink_to("/etc/hostname")


def tree_lost_a_name(paths: Paths) -> None:
    (paths.releases / "r1/css/a.css").unlink()


def tree_has_another_file(paths: Paths) -> None:
    shutil.copy(paths.releases / "r1/css/a.css", paths.releases / "r1/copy")
    os.replace(paths.releases / "r1/copy", paths.releases / "r1/css/a.css")


def own_file_was_replaced(paths: Paths) -> None:
    (paths.releases / "r1/own.txt").unlink()
    (paths.releases / "r1/own.txt").write_bytes(b"owned")


def own_file_was_touched(paths: Paths) -> None:
    (paths.releases / "r1/own.txt").write_bytes(b"owned")


def variant_is_damaged(paths: Paths) -> None:
    (paths.pool / f"{NAME}.gz").write_bytes(b"\x1f\x8b")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (pool_file_is_gone, f"{NAME} is missing"),
        (pool_file_rotted, f"{NAME} has other content than was published"),
        (pool_file_is_a_link, f"{NAME} is no plain file"),
        (tree_lost_a_name, "css/a.css is not the file that was published"),
        (tree_has_another_file, "css/a.css is not the file that was published"),
        (own_file_was_replaced, "own.txt is not the file that was published"),
        (own_file_was_touched, "own.txt has other content than was published"),
        (variant_is_damaged, f"{NAME}.gz cannot be decoded"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_damage_is_named(published: Paths, damage: Callable[[Paths], None], words: str) -> None:
    damage(published)
    found = said(published, (NAME,))
    assert len(found) == 1
    assert found[0].startswith(words)


def test_a_good_copy_takes_the_place_of_a_bad_one_with_its_variants(published: Paths) -> None:
    place, source = published.pool / NAME, published.static / "copy"
    place.with_name(place.name + ".gz").write_bytes(b"old")
    place.with_name(place.name + ".br").write_bytes(b"old")
    source.write_bytes(CONTENT)
    source.with_name("copy.gz").write_bytes(b"new")
    repair._replace(source, place)
    assert place.read_bytes() == CONTENT
    assert place.with_name(place.name + ".gz").read_bytes() == b"new"
    assert not place.with_name(place.name + ".br").exists()
