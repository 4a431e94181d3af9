"""Collecting a release: the tree, the manifest beside it, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.stowage_django.collecting import collect
from tests.unit.stowage_django.conftest import Interpreters, Server, run, way_environment
from tests.unit.stowage_django.djangos import VERSIONS
from tests.unit.stowage_django.shapes import SHAPES, Shape, plain

STORAGES = "STORAGES = {{'staticfiles': {{'BACKEND': '{}'}}}}\n"


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
    assert 'css/bad.css refers to css/no.png (line 2: url("no.png"))' in error
    assert "which does not exist. Add that file or remove the reference" in error
    assert "static_files_forgiving_enabled: true" in error
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


LIBRARY_FIRST = "INSTALLED_APPS.reverse()\n"
PROJECTS_COMMAND = """\
from django.contrib.staticfiles.management.commands.collectstatic import Command as Django
class Command(Django):
    def handle(self, **options):
        super().handle(**options)
        with open(self.storage.path("made.txt"), "w"):
            pass
"""


@pytest.mark.parametrize("storage", ["default", "release_manifest"])
def test_collector_django_runs_the_projects_own_command(
    storage: str, python: Path, tmp_path: Path
) -> None:
    shape = plain(LIBRARY_FIRST, library__management__commands__collectstatic=PROJECTS_COMMAND)
    options = ["--collector", "django", "--forgiving", "--published", str(tmp_path)]
    collected = collect(python, tmp_path, shape, storage, options=options)
    assert collected.code == 0, collected.stderr
    assert "made.txt" in collected.names and set(PLAIN_NAMES) < set(collected.names)
    assert collected.document["collector"] == "django"
    assert collected.document["staged"] == len(collected.names)
    assert "static_files_forgiving_enabled has no effect" in collected.document["notes"][0]


@pytest.mark.parametrize("storage", ["default", "release_manifest"])
def test_collector_stowage_runs_no_other_apps_collectstatic(
    storage: str, python: Path, tmp_path: Path
) -> None:
    shape = plain(LIBRARY_FIRST, library__management__commands__collectstatic=PROJECTS_COMMAND)
    collected = collect(python, tmp_path, shape, storage)
    assert collected.code == 0, collected.stderr
    assert "made.txt" not in collected.names


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
