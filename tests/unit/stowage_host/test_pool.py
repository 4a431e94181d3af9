"""Publishing from a staging directory that an untrusted container wrote."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stowage_host import pool
from stowage_host.errors import GateError
from stowage_host.pool import Compression, publish
from stowage_host.project import Paths

BROTLI = shutil.which("brotli")
LEVEL = Compression(brotli_level=11 if BROTLI else -1)
CSS = b"body { color: red }\n" * 100


def hashed(name: str, content: bytes) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}.{hashlib.md5(content).hexdigest()[:12]}{dot}{extension}"


def stage(paths: Paths, files: dict[str, bytes], manifest: dict[str, Any] | None = None) -> None:
    """Write what a collect would: each file plain and hashed, and the manifest."""
    tree = paths.staging / "tree"
    tree.mkdir(parents=True)
    entries = {name: hashed(name, content) for name, content in files.items()}
    for name, content in files.items():
        for place in (tree / name, tree / entries[name]):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    document = {"paths": entries, "version": "1.1"} if manifest is None else manifest
    (paths.staging / "manifest.json").write_text(json.dumps(document))


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_hashed_names_reach_the_pool_and_plain_names_the_release(paths: Paths) -> None:
    stage(paths, {"css/a.css": CSS, "i.png": b"\x89PNG"})
    done = publish(paths, "r1", LEVEL)
    assert (done.files, done.new_files) == (4, 2)
    name = hashed("css/a.css", CSS)
    assert (paths.pool / name).read_bytes() == CSS
    assert (paths.releases / "r1/css/a.css").read_bytes() == CSS
    assert not (paths.pool / "css/a.css").exists()
    assert json.loads((paths.manifests / "r1.json").read_text())["paths"]["css/a.css"] == name


def test_variants_decode_to_the_file(paths: Paths) -> None:
    stage(paths, {"css/a.css": CSS})
    publish(paths, "r1", LEVEL)
    place = paths.pool / hashed("css/a.css", CSS)
    assert gzip.decompress(place.with_name(place.name + ".gz").read_bytes()) == CSS
    if BROTLI:
        packed = place.with_name(place.name + ".br")
        words = ["brotli", "--decompress", "--stdout", str(packed)]
        assert subprocess.run(words, capture_output=True, check=True).stdout == CSS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("i.png", CSS, id="packed-kind"),
        pytest.param("r.css", os.urandom(4000), id="saves-nothing"),
    ],
)
def test_no_variant_where_it_saves_nothing(paths: Paths, name: str, content: bytes) -> None:
    stage(paths, {name: content})
    publish(paths, "r1", LEVEL)
    assert everything(paths.pool) == [hashed(name, content)]


def test_a_second_release_adds_what_is_new_and_rewrites_nothing(paths: Paths) -> None:
    stage(paths, {"a.css": CSS, "b.css": CSS + b"b"})
    publish(paths, "r1", LEVEL)
    shutil.rmtree(paths.staging)
    before = {name: (paths.pool / name).stat() for name in everything(paths.pool)}
    stage(paths, {"a.css": CSS, "b.css": CSS + b"changed"})
    done = publish(paths, "r2", LEVEL)
    assert done.new_files == 1
    for name, status in before.items():
        now = (paths.pool / name).stat()
        assert (now.st_ino, now.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)
    shared = hashed("a.css", CSS)
    assert (paths.releases / "r2" / shared).samefile(paths.pool / shared)


def test_a_killed_publication_is_completed_by_the_next(paths: Paths) -> None:
    """A release tree and half of the pool are there; the same release is published again."""
    stage(paths, {"a.css": CSS, "b.css": CSS + b"b"})
    (paths.releases / "r1").mkdir(parents=True)
    (paths.releases / "r1/stale").write_text("of the killed run")
    publish(paths, "r1", LEVEL)
    assert not (paths.releases / "r1/stale").exists()
    assert (paths.pool / hashed("b.css", CSS + b"b")).exists()


def symlink(tree: Path) -> None:
    (tree / "passwd").symlink_to("/etc/passwd")


def symlinked_folder(tree: Path) -> None:
    (tree / "etc").symlink_to("/etc")


def fifo(tree: Path) -> None:
    os.mkfifo(tree / "pipe")


def unix_socket(tree: Path) -> None:
    here = os.getcwd()
    os.chdir(tree)
    try:
        socket.socket(socket.AF_UNIX).bind("s")
    finally:
        os.chdir(here)


def control_character(tree: Path) -> None:
    (tree / "a\nb.css").write_text("x")


def backslash(tree: Path) -> None:
    (tree / "a\\..\\b.css").write_text("x")


def long_name(tree: Path) -> None:
    (tree / ("x" * 251 + ".css")).write_text("x")


def manifest_is_a_link(tree: Path) -> None:
    (tree.parent / "manifest.json").unlink()
    (tree.parent / "manifest.json").symlink_to("/etc/passwd")


def wrong_content(tree: Path) -> None:
    (tree / hashed("a.css", CSS)).write_text("other")


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (symlink, "no plain file"),
        (symlinked_folder, "no plain file"),
        (fifo, "no plain file"),
        (unix_socket, "no plain file"),
        (control_character, "no URL can carry"),
        (backslash, "no URL can carry"),
        (long_name, "longer than"),
        (manifest_is_a_link, "no plain file"),
        (wrong_content, "not what its name promises"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_hostile_staging_publishes_nothing(paths: Paths, tamper: Any, words: str) -> None:
    stage(paths, {"a.css": CSS})
    tamper(paths.staging / "tree")
    with pytest.raises(GateError, match=words):
        publish(paths, "r1", LEVEL)
    assert not paths.pool.exists()
    assert not paths.releases.exists()
    assert not paths.manifests.exists()


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        pytest.param({"paths": {"a.css": "../../etc/passwd"}}, "outside", id="parent"),
        pytest.param({"paths": {"a.css": "/etc/passwd"}}, "outside", id="absolute"),
        pytest.param({"paths": {"a.css": "x/../../a.css"}}, "outside", id="parent-inside"),
        pytest.param({"paths": {"../a": "a.css"}}, "outside", id="parent-as-name"),
        pytest.param({"paths": {"a.css": "nowhere.css"}}, "no such file", id="missing"),
        pytest.param({"files": {}}, "cannot be read", id="no-paths"),
        pytest.param({"paths": ["a"]}, "cannot be read", id="paths-is-a-list"),
        pytest.param([], "cannot be read", id="a-list"),
    ],
)
def test_hostile_manifest_publishes_nothing(paths: Paths, manifest: Any, words: str) -> None:
    stage(paths, {"a.css": CSS}, manifest)
    with pytest.raises(GateError, match=words):
        publish(paths, "r1", LEVEL)
    assert not paths.pool.exists()


def test_without_a_manifest_everything_is_served_by_its_plain_name(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    (paths.staging / "manifest.json").unlink()
    done = publish(paths, "r1", LEVEL)
    assert done.new_files == 0
    assert everything(paths.pool) == []
    assert (paths.releases / "r1/a.css").exists()


def test_files_are_readable_by_nginx_whatever_the_container_set(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    (paths.staging / "tree/a.css").chmod(0o600)
    publish(paths, "r1", LEVEL)
    assert (paths.releases / "r1/a.css").stat().st_mode & 0o777 == 0o644


def test_prepared_staging_holds_nothing_of_a_killed_run(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    pool.prepare_staging(paths, os.geteuid(), os.getegid())
    assert everything(paths.staging) == []
