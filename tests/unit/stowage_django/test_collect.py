"""Collecting a release: the tree, the manifest beside it, and errors that say what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stowage_django.conftest import Interpreters, Server, run, way_environment
from tests.unit.stowage_django.djangos import SOURCE, VERSIONS
from tests.unit.stowage_django.shapes import SHAPES, Shape, plain

# As on a server, where no .pth file is mounted into the one-off container.
BOOTSTRAP = (
    f"import sys; sys.path.append({str(SOURCE)!r}); import runpy; "
    "runpy.run_module('stowage_django.collect', run_name='__main__', alter_sys=True)"
)
STORAGES = "STORAGES = {{'staticfiles': {{'BACKEND': '{}'}}}}\n"
HASHED = re.compile(r"\.[0-9a-f]{12}\.")


class Collected:
    """The outcome of one collection into `target`."""

    def __init__(self, result: Any, target: Path) -> None:
        last = result.stdout.splitlines()[-1]
        assert last.startswith("STOWAGE-COLLECT:"), result.stdout + result.stderr
        self.document: dict[str, Any] = json.loads(last.removeprefix("STOWAGE-COLLECT:"))
        self.code: int = result.returncode
        self.stderr: str = result.stderr
        self.tree = target / "tree"
        self.manifest = target / "manifest.json"

    @property
    def names(self) -> list[str]:
        """The tree's files, hashes replaced by .#."""
        files = (path for path in self.tree.rglob("*") if path.is_file())
        return sorted(HASHED.sub(".#.", str(path.relative_to(self.tree))) for path in files)


def collect(
    python: Path, folder: Path, shape: Shape, storage: str, way: str = "settings", **more: str
) -> Collected:
    project = shape.write(folder / "project")
    target = folder / "staging"
    target.mkdir(exist_ok=True)
    environment = {
        **way_environment(way, shape),
        **{"STOWAGE_STATIC_STORAGE": storage, "STOWAGE_STATIC_URL": "/assets/"},
        **more,
    }
    if way == "hook":
        environment["STOWAGE_SETTINGS_MODULE"] = shape.module
    result = run([python, "-c", BOOTSTRAP, "--target", target], project, environment)
    return Collected(result, target)


@pytest.fixture
def python(interpreters: Interpreters) -> Path:
    return interpreters("5.2")


PLAIN_NAMES = ["css/x.css", "css/y.css", "img/dot.gif"]
HASHED_NAMES = ["css/x.#.css", "css/y.#.css", "img/dot.#.gif"]


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
@pytest.mark.parametrize("way", ["settings", "hook"])
def test_release_is_collected_and_then_named_by_its_manifest(
    way: str, version: str, interpreters: Interpreters, tmp_path: Path, server: Server
) -> None:
    python = interpreters(version)
    shape = SHAPES["hard_assigned" if way == "hook" else "plain"]

    collected = collect(python, tmp_path, shape, "release_manifest", way)

    assert collected.code == 0, collected.stderr
    assert collected.names == sorted(PLAIN_NAMES + HASHED_NAMES)
    assert collected.document.pop("seconds") > 0
    assert collected.document == {
        "files": 3,
        "hashed": 3,
        "staged": 6,
        "manifest": str(collected.manifest),
        "storage": "stowage_django.storage.ReleaseManifestStaticFilesStorage",
        "collector": "stowage",
        "forgiven": [],
        "notes": [],
    }
    paths = json.loads(collected.manifest.read_text())["paths"]
    css = (collected.tree / paths["css/x.css"]).read_text()
    assert paths["css/y.css"].rpartition("/")[2] in css and "dot." in css and "dot.gif" not in css

    code = (
        "import project.wsgi; from django.templatetags.static import static; "
        "print(static('css/x.css'))"
    )
    overlay = server.overlay(STOWAGE_MANIFEST_DIR=str(tmp_path), STOWAGE_RELEASE_ID="r9")
    collected.manifest.rename(tmp_path / "r9.json")
    environment = {**way_environment(way, shape), **overlay}
    result = run([python, "-c", code], tmp_path / "project", environment)
    assert result.stdout == f"/assets/{paths['css/x.css']}\n", result.stderr


@pytest.mark.parametrize(
    ("storage", "settings", "names", "class_name", "has_manifest"),
    [
        pytest.param(
            "default", "", PLAIN_NAMES, "StaticFilesStorage", False, id="default_hashes_nothing"
        ),
        pytest.param(
            "manifest",
            "",
            PLAIN_NAMES + HASHED_NAMES,
            "ManifestStaticFilesStorage",
            True,
            id="manifest_of_django_is_taken_out_of_the_tree",
        ),
        pytest.param(
            "project",
            STORAGES.format("whitenoise.storage.CompressedManifestStaticFilesStorage")
            + "WHITENOISE_KEEP_ONLY_HASHED_FILES = True\n",
            HASHED_NAMES,
            "CompressedManifestStaticFilesStorage",
            True,
            id="project_keeps_its_storage_and_its_choices",
        ),
        pytest.param(
            "release_manifest",
            STORAGES.format("whitenoise.storage.CompressedManifestStaticFilesStorage"),
            PLAIN_NAMES + HASHED_NAMES,
            "ReleaseManifestStaticFilesStorage",
            True,
            id="release_manifest_replaces_whitenoises",
        ),
        pytest.param(
            "project",
            "STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage."
            "StaticFilesStorage', 'OPTIONS': {'location': STATIC_ROOT}}}\n",
            PLAIN_NAMES,
            "StaticFilesStorage",
            False,
            id="location_in_options_is_redirected",
        ),
    ],
)
def test_each_storage_leaves_its_files_in_the_tree(
    storage: str,
    settings: str,
    names: list[str],
    class_name: str,
    has_manifest: bool,
    python: Path,
    tmp_path: Path,
) -> None:
    collected = collect(python, tmp_path, plain(settings), storage)
    assert collected.code == 0, collected.stderr
    assert collected.names == sorted(names)
    assert collected.document["storage"].rpartition(".")[2] == class_name
    assert collected.manifest.exists() == has_manifest
    if has_manifest:
        assert sorted(json.loads(collected.manifest.read_text())["paths"]) == PLAIN_NAMES


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_missing_reference_is_one_message_with_file_reference_and_remedy(
    version: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    shape = plain()
    files = {
        **shape.files,
        "library/static/css/bad.css": 'b { color: red }\ni { background: url("no.png") }\n',
    }
    collected = collect(interpreters(version), tmp_path, Shape(files), "release_manifest")
    assert collected.code == 4
    error = collected.document["error"]
    assert "css/bad.css refers to css/no.png" in error and "which does not exist" in error
    assert "Add that file or remove the reference" in error
    assert "Traceback" not in collected.stderr


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param("css/a.css", "@import 'b.css';", "circle of files", id="circle"),
        pytest.param(
            "css/a.css", "b { background: url(../../../x.png) }", "css/a.css", id="outside"
        ),
    ],
)
def test_other_faults_of_static_files_name_the_file(
    name: str, text: str, message: str, python: Path, tmp_path: Path
) -> None:
    files = {
        **plain().files,
        f"library/static/{name}": text,
        "library/static/css/b.css": "@import 'a.css';",
    }
    collected = collect(python, tmp_path, Shape(files), "release_manifest")
    assert collected.code == 4
    assert message in collected.document["error"]


def test_what_a_broken_off_collection_left_is_gone(python: Path, tmp_path: Path) -> None:
    left = tmp_path / "staging" / "tree" / "css" / "old.css"
    left.parent.mkdir(parents=True)
    left.touch()
    collected = collect(python, tmp_path, plain(), "release_manifest")
    assert collected.names == sorted(PLAIN_NAMES + HASHED_NAMES)


ELSEWHERE = """
from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.storage import Storage
class Elsewhere(StaticFilesStorage):
    def __init__(self):
        super().__init__(location="/nonexistent/elsewhere")
class Remote(Storage):
    def listdir(self, path):
        raise SystemExit("a bucket was asked")
"""


@pytest.mark.parametrize(
    ("name", "place"),
    [
        pytest.param("Elsewhere", "/nonexistent/elsewhere", id="another_folder"),
        pytest.param("Remote", "a remote place", id="a_bucket"),
    ],
)
def test_storage_that_writes_elsewhere_is_refused_before_it_writes(
    name: str, place: str, python: Path, tmp_path: Path
) -> None:
    shape = plain(STORAGES.format(f"library.statics.{name}"), library__statics=ELSEWHERE)
    collected = collect(python, tmp_path, shape, "project")
    assert collected.code == 2
    assert f"library.statics.{name} writes to {place}" in collected.document["error"]
    assert "release_manifest" in collected.document["error"]


def test_another_apps_collectstatic_is_not_what_runs(python: Path, tmp_path: Path) -> None:
    command = "class Command:\n    def __init__(self, *args, **kwargs):\n        raise SystemExit\n"
    shape = plain(library__management__commands__collectstatic=command)
    assert collect(python, tmp_path, shape, "release_manifest").code == 0


def test_settings_that_read_sys_argv_see_collectstatic(python: Path, tmp_path: Path) -> None:
    extra = "import sys\nassert sys.argv[:2] == ['manage.py', 'collectstatic'], sys.argv\n"
    assert collect(python, tmp_path, plain(extra), "release_manifest").code == 0


def test_projects_output_and_threads_do_not_disturb_the_document(
    python: Path, tmp_path: Path
) -> None:
    extra = (
        "import atexit, threading, time\nprint('starting', end='')\n"
        "atexit.register(print, 'ending')\nthreading.Thread(target=time.sleep, args=[60]).start()\n"
    )
    assert collect(python, tmp_path, plain(extra), "release_manifest").code == 0


@pytest.mark.parametrize("name", ["configurations", "dynaconf", "environ", "eager_package"])
def test_projects_of_other_shapes_are_collected(name: str, python: Path, tmp_path: Path) -> None:
    collected = collect(python, tmp_path, SHAPES[name], "release_manifest")
    assert collected.code == 0, collected.stderr
    assert collected.document["hashed"] == 3


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        pytest.param("import no_such_package\n", "No module named 'no_such_package'", id="import"),
        pytest.param("raise SystemExit('set X')\n", "SystemExit: set X", id="exit"),
        pytest.param(
            "INSTALLED_APPS.remove('django.contrib.staticfiles')\n",
            "no django.contrib.staticfiles",
            id="no_staticfiles_app",
        ),
    ],
)
def test_settings_at_fault_end_with_their_own_error(
    extra: str, message: str, python: Path, tmp_path: Path
) -> None:
    collected = collect(python, tmp_path, plain(extra), "release_manifest")
    assert collected.code == 3
    assert message in collected.document["error"]


def test_target_that_cannot_be_written_is_named_with_the_user(python: Path, tmp_path: Path) -> None:
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "tree").touch()
    collected = collect(python, tmp_path, plain(), "release_manifest")
    assert collected.code == 2
    assert "cannot be written by user" in collected.document["error"]


def test_storage_that_makes_links_is_refused(python: Path, tmp_path: Path) -> None:
    links = (
        "import os\n"
        "from django.contrib.staticfiles.storage import StaticFilesStorage\n"
        "class Links(StaticFilesStorage):\n"
        "    def post_process(self, paths, **options):\n"
        "        os.symlink('/etc/passwd', self.path('passwd'))\n"
        "        yield from ()\n"
    )
    shape = plain(STORAGES.format("library.statics.Links"), library__statics=links)
    collected = collect(python, tmp_path, shape, "project")
    assert collected.code == 4
    assert "passwd a symbolic link" in collected.document["error"]
