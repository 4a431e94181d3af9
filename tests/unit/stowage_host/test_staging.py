"""Publishing from a staging directory that a hostile container wrote."""

from __future__ import annotations

import gzip
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from stowage_host import pool
from stowage_host.errors import GateError
from stowage_host.project import Paths
from tests.unit.stowage_host.staging import BROTLI, CSS, everything, hashed, put, stage


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


def deep_tree(tree: Path) -> None:
    (tree / "/".join("d" * 70)).mkdir(parents=True)


def manifest_of_brackets(tree: Path) -> None:
    (tree.parent / "manifest.json").write_text("[" * 200_000)


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
        (deep_tree, "folders deep"),
        (manifest_of_brackets, "cannot be read"),
        (manifest_is_a_link, "no plain file"),
        (wrong_content, "not what its name promises"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_hostile_staging_publishes_nothing(paths: Paths, tamper: Any, words: str) -> None:
    stage(paths, {"a.css": CSS})
    tamper(paths.staging / "tree")
    with pytest.raises(GateError, match=words):
        put(paths, "r1")
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
        put(paths, "r1")
    assert not paths.pool.exists()


@pytest.mark.skipif(not BROTLI, reason="the program brotli is not installed")
@pytest.mark.parametrize("suffix", [".gz", ".br"])
@pytest.mark.parametrize(
    "content", [b"no such format", gzip.compress(b"something else")], ids=["damaged", "other"]
)
def test_a_variant_of_the_containers_own_must_decode_to_its_file(
    paths: Paths, suffix: str, content: bytes
) -> None:
    stage(paths, {"a.css": CSS})
    name = hashed("a.css", CSS) + suffix
    (paths.staging / "tree" / name).write_bytes(content)
    with pytest.raises(GateError, match=rf"{name}' (cannot be decoded|decodes to something else)"):
        put(paths, "r1")
    assert everything(paths.pool) == []


@pytest.mark.parametrize("target", ["elsewhere", "pool"])
def test_a_link_in_the_place_of_the_tree_leads_nowhere(paths: Paths, target: str) -> None:
    """The container owns the staging directory, and may put a link to any place into it."""
    stage(paths, {"a.css": CSS})
    put(paths, "r1")
    shutil.rmtree(paths.staging)
    other = paths.pool if target == "pool" else paths.root / "elsewhere"
    other.mkdir(mode=0o700, exist_ok=True)
    secret = other / "secret"
    secret.touch(0o600)
    before = everything(paths.pool)
    paths.staging.mkdir()
    (paths.staging / "tree").symlink_to(other)
    with pytest.raises(GateError, match="no tree of its own"):
        put(paths, "r2")
    assert everything(paths.pool) == before
    assert secret.stat().st_mode & 0o777 == 0o600
    pool.clear_staging(paths)
    assert secret.exists()


def test_a_variant_for_a_file_that_is_published_already_is_not_taken(paths: Paths) -> None:
    content = b"x"
    stage(paths, {"a.css": content})
    put(paths, "r1")
    shutil.rmtree(paths.staging)
    stage(paths, {"a.css": content})
    (paths.staging / "tree" / f"{hashed('a.css', content)}.gz").write_bytes(b"garbage")
    put(paths, "r2")
    assert everything(paths.pool) == [hashed("a.css", content)]


def test_a_variant_without_end_is_read_as_far_as_the_file_goes(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    name = hashed("a.css", CSS) + ".gz"
    (paths.staging / "tree" / name).write_bytes(gzip.compress(CSS + bytes(50_000_000)))
    with pytest.raises(GateError, match="decodes to something else"):
        put(paths, "r1")
