"""Publishing what was collected: pool, release trees, manifests."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import subprocess

import pytest

from stowage_host import gate, pool
from stowage_host.errors import GateError
from stowage_host.project import Paths
from tests.unit.stowage_host.staging import BROTLI, CSS, everything, hashed, put, stage


def test_hashed_names_reach_the_pool_and_plain_names_the_release(paths: Paths) -> None:
    stage(paths, {"css/a.css": CSS, "i.png": b"\x89PNG"})
    done = put(paths, "r1")
    assert (done.files, done.new_files) == (2, 2)
    name = hashed("css/a.css", CSS)
    assert (paths.pool / name).read_bytes() == CSS
    assert (paths.releases / "r1/css/a.css").read_bytes() == CSS
    assert not (paths.pool / "css/a.css").exists()
    assert json.loads((paths.manifests / "r1.json").read_text())["paths"]["css/a.css"] == name


def test_variants_decode_to_the_file(paths: Paths) -> None:
    stage(paths, {"css/a.css": CSS})
    put(paths, "r1")
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
    put(paths, "r1")
    assert everything(paths.pool) == [hashed(name, content)]


def test_a_second_release_adds_what_is_new_and_rewrites_nothing(paths: Paths) -> None:
    stage(paths, {"a.css": CSS, "b.css": CSS + b"b"})
    put(paths, "r1")
    shutil.rmtree(paths.staging)
    before = {name: (paths.pool / name).stat() for name in everything(paths.pool)}
    stage(paths, {"a.css": CSS, "b.css": CSS + b"changed"})
    done = put(paths, "r2")
    assert done.new_files == 1
    for name, status in before.items():
        now = (paths.pool / name).stat()
        assert (now.st_ino, now.st_mtime_ns) == (status.st_ino, status.st_mtime_ns)
    assert (paths.releases / "r2/a.css").samefile(paths.pool / hashed("a.css", CSS))


def test_a_killed_publication_is_completed_by_the_next(paths: Paths) -> None:
    """A release tree and half of the pool are there; the same release is published again."""
    stage(paths, {"a.css": CSS, "b.css": CSS + b"b"})
    (paths.releases / "r1").mkdir(parents=True)
    (paths.releases / "r1/stale").write_text("of the killed run")
    put(paths, "r1")
    assert not (paths.releases / "r1/stale").exists()
    assert (paths.pool / hashed("b.css", CSS + b"b")).exists()


def test_without_a_manifest_everything_is_served_by_its_plain_name(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    (paths.staging / "manifest.json").unlink()
    done = put(paths, "r1")
    assert done.new_files == 0
    assert everything(paths.pool) == []
    assert (paths.releases / "r1/a.css").exists()


def test_files_are_readable_by_nginx_whatever_the_container_set(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    (paths.staging / "tree/a.css").chmod(0o600)
    put(paths, "r1")
    assert (paths.releases / "r1/a.css").stat().st_mode & 0o777 == 0o644


def test_prepared_staging_holds_nothing_of_a_killed_run(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    pool.prepare_staging(paths, os.geteuid(), os.getegid())
    assert everything(paths.staging) == []


def stage_rest(paths: Paths, files: dict[str, bytes], new: set[str]) -> None:
    """Write what the collector does that knows the pool: only files that are `new` are staged."""
    stage(paths, files)
    for name, content in files.items():
        if name not in new:
            (paths.staging / "tree" / name).unlink()
            (paths.staging / "tree" / hashed(name, content)).unlink()


def test_what_the_pool_has_is_named_by_the_manifest_alone(paths: Paths) -> None:
    files = {"a.css": CSS, "deep/b.css": CSS + b"b"}
    stage(paths, files)
    put(paths, "r1")
    shutil.rmtree(paths.staging)
    files["a.css"] = CSS + b"changed"
    stage_rest(paths, files, {"a.css"})
    done = put(paths, "r2")
    assert (done.files, done.new_files) == (2, 1)
    kept = paths.releases / "r2/deep/b.css"
    assert kept.samefile(paths.pool / hashed("deep/b.css", CSS + b"b"))
    assert everything(paths.releases / "r2") == ["a.css", "deep/b.css"]


def test_a_manifest_that_names_what_nobody_has_is_refused(paths: Paths) -> None:
    stage_rest(paths, {"a.css": CSS}, set())
    with pytest.raises(GateError, match="no such file was collected"):
        put(paths, "r1")


def test_a_rotted_file_of_the_pool_stops_the_release_that_needs_it(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    put(paths, "r1")
    shutil.rmtree(paths.staging)
    place = paths.pool / hashed("a.css", CSS)
    place.write_bytes(CSS.replace(b"red", b"reb"))
    stage_rest(paths, {"a.css": CSS, "b.css": CSS + b"b"}, {"b.css"})
    with pytest.raises(GateError, match=r"a\.[0-9a-f]{12}\.css has other .* static repair"):
        put(paths, "r2")


def test_an_original_whose_references_were_rewritten_is_a_file_of_its_own(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    tree = paths.staging / "tree"
    (tree / "a.css").write_bytes(b"the original")
    (tree / "license.txt").write_bytes(b"named by nobody")
    manifest = put(paths, "r1").manifest
    assert manifest.own_files == {"a.css", "license.txt"}
    assert (paths.releases / "r1/a.css").read_bytes() == b"the original"


GLOB = "dist/*"


def stage_bundle(paths: Paths, content: bytes) -> None:
    name = "dist/app-Bx9_kQ2a.js"
    stage(paths, {}, {"paths": {name: name}})
    (paths.staging / "tree/dist").mkdir()
    (paths.staging / "tree" / name).write_bytes(content)


def test_a_bundlers_own_hashes_are_kept_and_pooled(paths: Paths) -> None:
    stage_bundle(paths, CSS)
    done = put(paths, "r1", GLOB)
    assert done.manifest.own_hashes == {"dist/app-Bx9_kQ2a.js"}
    assert "dist/app-Bx9_kQ2a.js" in everything(paths.pool)
    assert (paths.releases / "r1/dist/app-Bx9_kQ2a.js").read_bytes() == CSS


def test_a_bundlers_name_with_other_content_is_refused(paths: Paths) -> None:
    stage_bundle(paths, CSS)
    put(paths, "r1", GLOB)
    shutil.rmtree(paths.staging)
    stage_bundle(paths, CSS + b"changed")
    with pytest.raises(GateError, match=r"published before with other content.*own_hashes"):
        put(paths, "r2", GLOB)


def test_hashes_of_a_storage_of_the_projects_own_are_recorded(paths: Paths) -> None:
    """Its names may hold hashes of another kind; what was published is known all the same."""
    name = "a.0123456789ab.css"
    stage(paths, {}, {"paths": {"a.css": name}})
    (paths.staging / "tree" / name).write_bytes(CSS)
    manifest = put(paths, "r1", verify=False).manifest
    assert manifest.digests == {name: hashlib.md5(CSS).hexdigest()}
    assert gate.faults(paths, "r1", manifest) == []
    (paths.pool / name).write_bytes(b"touched")
    assert [str(fault) for fault in gate.faults(paths, "r1", manifest)] == [
        f"{name} has other content than was published"
    ]


def test_what_the_collector_remembers_is_kept_if_it_is_a_document(paths: Paths) -> None:
    stage(paths, {"a.css": CSS})
    (paths.staging / "memory.json").write_text('{"key": "k"}')
    put(paths, "r1")
    assert paths.collected.read_text() == '{"key": "k"}'
    stage_again = paths.staging / "memory.json"
    stage_again.unlink()
    stage_again.symlink_to("/etc/passwd")
    pool._keep_memory(paths)
    assert paths.collected.read_text() == '{"key": "k"}'


def test_djangos_manifest_has_no_more_to_say_than_the_container(paths: Paths) -> None:
    """A published manifest is the same, however much of the release was staged."""
    files = {"a.css": CSS, "b.css": CSS + b"b"}
    stage(paths, files)
    first = put(paths, "r1").manifest.text()
    shutil.rmtree(paths.staging)
    stage_rest(paths, files, {"b.css"})
    assert put(paths, "r2").manifest.text() == first


def stage_original(paths: Paths, original: bytes | None, digest: str = "") -> str:
    """A stylesheet whose references were rewritten; without `original` the server has its text."""
    stage(paths, {"a.css": CSS})
    digest = digest or hashlib.md5(original or b"").hexdigest()
    document = {"paths": {"a.css": hashed("a.css", CSS)}, "plain": {"a.css": digest}}
    (paths.staging / "manifest.json").write_text(json.dumps(document))
    (paths.staging / "tree/a.css").unlink()
    if original is not None:
        (paths.staging / "tree/a.css").write_bytes(original)
    return digest


def test_an_original_is_staged_once_and_linked_by_later_releases(paths: Paths) -> None:
    digest = stage_original(paths, b"the original")
    first = put(paths, "r1").manifest.text()
    shutil.rmtree(paths.staging)
    stage_original(paths, None, digest)
    second = put(paths, "r2").manifest
    assert second.text() == first
    kept = paths.releases / "r2/a.css"
    assert kept.read_bytes() == b"the original"
    assert kept.samefile(paths.releases / "r1/a.css")


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        pytest.param("0" * 32, "no text was collected", id="unknown"),
        pytest.param("../pool/a.css", "no MD5", id="outside"),
    ],
)
def test_an_original_that_nobody_has_is_refused(paths: Paths, digest: str, words: str) -> None:
    stage_original(paths, None, digest)
    with pytest.raises(GateError, match=words):
        put(paths, "r1")
    assert not paths.pool.exists()


def test_equal_files_of_releases_without_a_manifest_are_kept_once(paths: Paths) -> None:
    """Their time of change stays with them, and so does what browsers keep."""
    for release in ("r1", "r2"):
        shutil.rmtree(paths.staging, ignore_errors=True)
        stage(paths, {"a.css": CSS}, {})
        (paths.staging / "manifest.json").unlink()
        put(paths, release)
    assert (paths.releases / "r1/a.css").samefile(paths.releases / "r2/a.css")
