"""The generated project of the release benchmark, and what stands in for the server there."""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.harness import Usage
from benchmarks.release import Project, least
from benchmarks.static_project.generate import (
    IMPORT_LEVELS,
    LARGEST_BYTES,
    MEAN_BYTES,
    SITE,
    File,
    affected,
    generate,
    plan,
)
from benchmarks.static_project.settle import digest, settle
from tests.unit.stowage_django import djangos

FILES = 300


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, FILES)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """The hash of each generated file by its name."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_same_number_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    generate(tmp_path, FILES)
    assert contents(tmp_path) == contents(project)


def test_files_are_as_many_and_as_large_as_promised(project: Path) -> None:
    files = [path for path in (project / "site").rglob("*") if path.is_file()]
    static = [path for path in files if path.suffix != ".py"]
    kinds = Counter(path.suffix for path in static)
    assert len(static) == FILES
    assert (kinds[".css"], kinds[".js"]) == (18, 75)
    mean = sum(path.stat().st_size for path in static) / FILES
    assert 0.8 < mean / MEAN_BYTES < 1.2
    assert max(path.stat().st_size for path in static) <= LARGEST_BYTES + 1_000
    assert len(set(contents(project / "site").values())) >= FILES


def test_no_stylesheet_imports_in_a_circle_or_too_deep() -> None:
    files = {file.name: file for file in plan(2_000, random.Random(1))}

    def depth(file: File) -> int:
        assert all(files[name].level < file.level for name in file.imports)
        return 1 + max((depth(files[name]) for name in file.imports), default=0)

    depths = Counter(depth(file) for file in files.values() if file.kind == "css")
    assert set(depths) == set(range(1, IMPORT_LEVELS + 1))


def test_importers_of_importers_follow_a_change() -> None:
    importers = {"a": {"b", "c"}, "b": {"d"}, "x": {"a"}}
    assert affected("a", importers) == {"a", "b", "c", "d"}


def collect(project: Path, tmp_path: Path) -> dict[str, str]:
    """The manifest that Django's own storage makes of the project; strict about references."""
    python = djangos.interpreter("5.2", tmp_path / "python")
    environment = djangos.clean_environment(
        PYTHONPATH=str(project / "site"),
        DJANGO_SETTINGS_MODULE=f"{SITE}.settings",
        BENCH_STORAGE="django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
        BENCH_STATIC_ROOT=str(tmp_path / "root"),
    )
    words = [str(python), "-m", "django", "collectstatic", "--noinput", "--verbosity=0"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paths: dict[str, str] = json.loads((tmp_path / "root/staticfiles.json").read_text())["paths"]
    return paths


def test_a_change_renames_the_stylesheets_that_are_said_to_follow(tmp_path: Path) -> None:
    generate(tmp_path, FILES)
    made = json.loads((tmp_path / "generated.json").read_text())
    before = collect(tmp_path, tmp_path)

    Project(tmp_path, Path(), FILES, changed=made["changed"]).change()
    after = collect(tmp_path, tmp_path)

    assert len(made["affected"]) > 1
    assert sorted(name for name in after if after[name] != before[name]) == made["affected"]
    assert digest(after) != digest(before)
    text = (tmp_path / "root" / before[made["changed"]]).read_text()
    assert re.search(r"\.[0-9a-f]{12}\.(png|svg|webp|woff2)", text)


def stage(folder: Path, files: dict[str, str]) -> Path:
    """A staging directory with all these files, whose hashed names are given."""
    for hashed in files.values():
        place = folder / "tree" / hashed
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(hashed)
    (folder / "manifest.json").write_text(json.dumps({"paths": files}))
    (folder / "memory.json").write_text(f'"{folder.name}"')
    return folder


def test_settling_moves_what_is_new_and_keeps_the_memory(tmp_path: Path) -> None:
    published = tmp_path / "published"
    one = {"a.css": "a.000000000000.css", "i/b.png": "i/b.000000000000.png"}
    assert settle(stage(tmp_path / "1", one), published, "r1")["new"] == 2

    two = {**one, "a.css": "a.111111111111.css"}
    staging = stage(tmp_path / "2", two)
    (staging / "tree/a.css").write_text("as it is in the project")
    os.unlink(staging / "tree" / one["i/b.png"])  # The pool has it, so it is not staged.
    assert settle(staging, published, "r2") == {"new": 1, "names": 2, "paths": digest(two)}
    assert contents(published / "pool").keys() == {*one.values(), *two.values()}
    assert contents(published / "releases/r2").keys() == {"a.css"}
    assert json.loads((published / "collected.json").read_text()) == "2"


def test_settling_refuses_a_manifest_whose_file_is_nowhere(tmp_path: Path) -> None:
    staging = stage(tmp_path / "1", {"a.css": "a.000000000000.css"})
    (staging / "tree/a.000000000000.css").unlink()
    with pytest.raises(FileNotFoundError):
        settle(staging, tmp_path / "published", "r1")


def test_settling_refuses_what_need_not_have_been_staged(tmp_path: Path) -> None:
    files = {"a.css": "a.000000000000.css"}
    settle(stage(tmp_path / "1", files), tmp_path / "published", "r1")
    with pytest.raises(FileExistsError, match="the pool has it"):
        settle(stage(tmp_path / "2", files), tmp_path / "published", "r2")


def test_least_time_and_most_memory_count() -> None:
    assert least([Usage(2.0, 1.5, 10), Usage(1.0, 1.9, 30)]) == Usage(1.0, 1.5, 30)
