"""What a collection reuses of the published one, what it stages, and what it leaves as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stowage_django.collecting import Collected, collect
from tests.unit.stowage_django.conftest import Interpreters
from tests.unit.stowage_django.djangos import VERSIONS
from tests.unit.stowage_django.shapes import LIBRARY, Shape, plain

FILES = {
    "library/static/css/site.css": '@import "x.css";\n@import "other.css";\n',
    "library/static/css/other.css": "i { color: red }\n",
    "library/static/js/app.js": "let a = 1;\n",
    "library/static/big.bin": "x" * 200_000,
}
COUNT = len(FILES) + sum("/static/" in name for name in LIBRARY)
REWRITTEN = ["css/site.css", "css/x.css"]


class Site:
    """A project, and the server that publishes what is collected of it."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python = python
        self.folder = folder
        self.published = folder / "published"
        self.published.mkdir()
        self.shape = Shape({**plain().files, **FILES})
        self.shape.write(folder / "project")
        self.static = folder / "project" / "library" / "static"

    def try_to_collect(self, *options: str) -> Collected:
        words = [*options, "--published", str(self.published)]
        return collect(self.python, self.folder, self.shape, options=words)

    def collect(self, *options: str) -> Collected:
        collected = self.try_to_collect(*options)
        assert collected.code == 0, collected.stderr
        assert collected.document["staged"] == len(collected.names)
        return collected

    def release(self, *options: str) -> Collected:
        collected = self.collect(*options)
        collected.publish(self.published)
        return collected

    def memory(self) -> dict[str, Any]:
        memory: dict[str, Any] = json.loads((self.published / "collected.json").read_text())
        return memory


@pytest.fixture
def site(interpreters: Interpreters, tmp_path: Path) -> Site:
    return Site(interpreters("5.2"), tmp_path)


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_second_collection_stages_nothing(
    version: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    site = Site(interpreters(version), tmp_path)
    first = site.release()
    assert first.document["files"] == first.document["hashed"] == COUNT
    assert first.names == sorted([*REWRITTEN, *_hashed(first.paths)])
    assert sorted(first.plain) == REWRITTEN
    second = site.collect()
    assert second.names == []
    assert (second.paths, second.plain) == (first.paths, first.plain)
    assert second.document["files"] == second.document["hashed"] == COUNT
    assert json.loads((second.target / "memory.json").read_text()) == site.memory()


def _hashed(paths: dict[str, str]) -> list[str]:
    names = []
    for name in paths:
        root, dot, extension = name.rpartition(".")
        names.append(f"{root}.#{dot}{extension}")
    return names


def test_a_changed_file_is_staged_with_those_that_import_it(site: Site) -> None:
    first = site.release()
    (site.static / "css/y.css").write_text("body { color: white }\n")
    second = site.collect()
    assert second.names == ["css/site.#.css", "css/x.#.css", "css/y.#.css"]
    changed = {name for name in first.paths if first.paths[name] != second.paths[name]}
    assert changed == {"css/site.css", "css/x.css", "css/y.css"}
    complete = collect(site.python, site.folder, site.shape)
    assert complete.paths == second.paths
    for name in ("css/site.css", "css/x.css", "css/y.css"):
        hashed = second.paths[name]
        assert complete.files[hashed] == second.files.get(hashed, complete.files[hashed])


def test_new_content_with_an_older_time_is_found(site: Site) -> None:
    site.release()
    (site.static / "js/app.js").write_text("let a = 2;\n")
    os.utime(site.static / "js/app.js", (0, 0))
    assert "js/app.#.js" in site.collect().names


def test_a_file_back_at_its_former_content_is_in_the_pool_already(site: Site) -> None:
    first = site.release()
    text = (site.static / "css/y.css").read_text()
    (site.static / "css/y.css").write_text("body { color: white }\n")
    site.release()
    (site.static / "css/y.css").write_text(text)
    third = site.collect()
    assert third.names == [] and third.paths == first.paths


@pytest.mark.parametrize("name", ["css/site.css", "css/y.css", "big.bin"])
def test_file_that_the_pool_has_lost_is_staged_again(name: str, site: Site) -> None:
    first = site.release()
    pooled = site.published / "pool" / first.paths[name]
    content = pooled.read_bytes()
    pooled.unlink()
    second = site.collect()
    assert second.files[first.paths[name]] == content
    assert len(second.names) == 1


def test_plain_text_that_the_server_has_lost_is_staged_again(site: Site) -> None:
    first = site.release()
    (site.published / "plain" / first.plain["css/x.css"]).unlink()
    second = site.collect()
    assert second.files == {"css/x.css": first.files["css/x.css"]}


def test_target_that_goes_is_an_error_though_the_referring_file_is_the_same(site: Site) -> None:
    site.release()
    (site.static / "css/other.css").unlink()
    second = site.try_to_collect()
    assert second.code == 4 and "css/site.css refers to css/other.css" in second.document["error"]


def test_target_that_comes_is_referred_to_though_the_file_is_the_same(site: Site) -> None:
    (site.static / "css/other.css").unlink()
    first = site.release("--forgiving")
    assert first.document["forgiven"] == [
        {"file": "css/site.css", "line": 2, "reference": "other.css"}
    ]
    assert "1 in all: css/site.css, line 2: other.css" in first.document["notes"][0]
    second = site.release("--forgiving")
    assert second.document["forgiven"] == first.document["forgiven"]
    (site.static / "css/other.css").write_text("")
    third = site.collect("--forgiving")
    assert third.document["forgiven"] == third.document["notes"] == []
    text = third.files[third.paths["css/site.css"]].decode()
    assert Path(third.paths["css/other.css"]).name in text


DAMAGED = {
    "no_json": b"{",
    "no_text": b"\xff\x00",
    "nothing": b"",
    "another_type": b"[1]",
    "deep": b"[" * 100_000,
    "wrong_parts": b'{"key": 1, "files": 2, "own": 3}',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_memory_that_cannot_be_read_is_none(content: bytes, site: Site) -> None:
    first = site.release()
    (site.published / "collected.json").write_bytes(content)
    second = site.collect()
    assert second.names == [] and second.paths == first.paths


ENTRIES: dict[str, Any] = {
    "no_list": 7,
    "short": ["SOURCE"],
    "numbers": ["SOURCE", 1, 2, 3],
    "no_digest": ["SOURCE", "SOURCE", "../../../../etc/passwd", {}],
    "not_in_the_pool": ["SOURCE", "SOURCE", "0" * 32, {}],
    "targets_no_mapping": ["SOURCE", "SOURCE", "FINAL", ["css/y.css"]],
    "foreign_target": ["SOURCE", "SOURCE", "FINAL", {"css/y.css": "css/y.000000000000.css"}],
    "unhashable_target": ["SOURCE", "SOURCE", "FINAL", {"css/y.css": {"a": []}}],
    "circle": ["SOURCE", "SOURCE", "FINAL", {"css/site.css": "css/site.000000000000.css"}],
    "itself": ["SOURCE", "SOURCE", "FINAL", {"css/x.css": "css/x.000000000000.css"}],
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_memory_with_the_right_key_and_wrong_entries_is_not_believed(
    entry: Any, site: Site
) -> None:
    first = site.release()
    memory = site.memory()
    right = memory["files"]["css/x.css"]
    if isinstance(entry, list):
        entry = [{"SOURCE": right[0], "FINAL": right[2]}.get(str(part), part) for part in entry]
    memory["files"]["css/x.css"] = entry
    (site.published / "collected.json").write_text(json.dumps(memory))
    second = site.collect()
    assert second.names == [] and second.paths == first.paths
    assert json.loads((second.target / "memory.json").read_text())["files"]["css/x.css"] == right


def test_what_is_remembered_and_published_is_not_worked_out_again(site: Site) -> None:
    """A result that no rewriting gives is taken: so there was none."""
    first = site.release()
    memory = site.memory()
    memory["files"]["css/x.css"][2] = "f" * 32
    (site.published / "collected.json").write_text(json.dumps(memory))
    assert site.collect().paths == first.paths
    (site.published / "pool/css/x.ffffffffffff.css").write_text("published")
    assert site.collect().paths["css/x.css"] == "css/x.ffffffffffff.css"


def test_memory_of_other_rules_is_not_used(site: Site) -> None:
    first = site.release()
    (site.published / "pool" / first.paths["css/x.css"]).write_text("never read through")
    variables = {"STOWAGE_STATIC_URL": "/elsewhere/"}
    absolute = 'b { background: url("/assets/img/dot.gif") } @import "y.css";'
    (site.static / "css/x.css").write_text(absolute)
    options = ["--published", str(site.published)]
    here = site.release()
    assert "dot.1ac2109d47db.gif" in here.files[here.paths["css/x.css"]].decode()
    there = collect(site.python, site.folder, site.shape, options=options, environment=variables)
    text = there.files[there.paths["css/x.css"]].decode()
    assert text.startswith('b { background: url("/assets/img/dot.gif") }')


def test_all_faults_are_told_at_once_each_with_its_line(site: Site) -> None:
    lines = "".join(f"\n.c{n} {{ background: url(no{n}.png) }}" for n in range(25))
    (site.static / "css/bad.css").write_text('@import "y.css";' + lines)
    (site.static / "css/latin.css").write_bytes(b"/* \xe4 */")
    collected = site.try_to_collect()
    assert collected.code == 4
    told = collected.document["error"].splitlines()
    assert told[0] == "The static files have 26 faults."
    assert (
        "css/bad.css refers to css/no0.png (line 2: url(no0.png)), which does not exist" in told[1]
    )
    assert told[21] == "And 6 more."
    assert sum("forgiving_enabled" in line for line in told) == 1


def test_forgiving_is_for_missing_files_only(site: Site) -> None:
    (site.static / "css/a.css").write_text('@import "b.css"; @import "no.css";')
    (site.static / "css/b.css").write_text('@import "a.css"; @import "../../../outside.css";')
    (site.static / "css/latin.css").write_bytes(b"/* \xe4 */")
    collected = site.try_to_collect("--forgiving")
    assert collected.code == 4
    error = collected.document["error"]
    assert "css/a.css -> css/b.css -> css/a.css" in error and "css/latin.css is not UTF-8" in error
    assert "no.css" not in error and "outside.css" not in error
    (site.static / "css/b.css").write_text('@import "../../../outside.css";')
    (site.static / "css/latin.css").unlink()
    assert [forgiven["file"] for forgiven in site.collect("--forgiving").document["forgiven"]] == [
        "css/b.css",
        "css/a.css",
    ]


def test_long_chain_of_imports_is_followed(site: Site) -> None:
    """Django gives up after five passes."""
    for number in range(2000):
        text = f'@import "c{number + 1}.css";' if number < 1999 else "last {}"
        (site.static / f"css/c{number}.css").write_text(text)
    first = site.release()
    assert first.document["hashed"] == COUNT + 2000
    assert len(site.collect().names) == 0


def test_file_that_cannot_be_read_is_a_fault(site: Site) -> None:
    (site.static / "img/gone.png").symlink_to("nowhere.png")
    collected = site.try_to_collect("--forgiving")
    assert collected.code == 4
    assert "The static file img/gone.png cannot be read by user" in collected.document["error"]


def test_without_published_everything_is_staged(site: Site) -> None:
    site.release()
    collected = collect(site.python, site.folder, site.shape)
    assert collected.document["staged"] == len(collected.names) == 2 * COUNT
