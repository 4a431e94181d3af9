"""A release at run time: its storage, its manifest, a collectstatic at the container's start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.stowage_django.conftest import Interpreters, Projects, Server, run, way_environment
from tests.unit.stowage_django.djangos import VERSIONS
from tests.unit.stowage_django.shapes import Shape, plain

SHOW = "import project.wsgi; from django.templatetags.static import static; print({expression})"
STORAGES = "STORAGES = {{'staticfiles': {{'BACKEND': '{}'}}}}\n"


def in_project(
    shape: Shape, python: Path, folder: Path, overlay: dict[str, str], *command: str
) -> Any:
    environment = {**way_environment("settings", shape), **overlay}
    return run([python, *command], shape.write(folder), environment)


def show(expression: str) -> tuple[str, str]:
    return "-c", SHOW.format(expression=expression)


@pytest.fixture
def python(interpreters: Interpreters) -> Path:
    return interpreters("5.2")


def test_missing_manifest_is_an_error_that_names_its_path(
    python: Path, tmp_path: Path, server: Server
) -> None:
    overlay = server.overlay(STOWAGE_RELEASE_ID="r2")
    result = in_project(plain(), python, tmp_path, overlay, *show("static('css/x.css')"))
    assert f"manifest of this release, {server.manifests}/r2.json, does not exist" in result.stderr
    assert "stowage static publish" in result.stderr


def test_unknown_release_is_an_error_that_names_the_variable(
    python: Path, tmp_path: Path, server: Server
) -> None:
    overlay = server.overlay(STOWAGE_RELEASE_ID="")
    result = in_project(plain(), python, tmp_path, overlay, *show("static('css/x.css')"))
    assert "neither STOWAGE_RELEASE_ID nor RELEASE_ID is set" in result.stderr


def test_commands_work_before_the_first_release(
    python: Path, tmp_path: Path, server: Server
) -> None:
    overlay = server.overlay(STOWAGE_RELEASE_ID="r2")
    result = in_project(plain(), python, tmp_path, overlay, "manage.py", "check")
    assert result.returncode == 0, result.stderr


def test_manifest_published_after_the_start_is_found(
    python: Path, tmp_path: Path, server: Server
) -> None:
    code = (
        "import shutil, project.wsgi; from django.templatetags.static import static; "
        "from django.contrib.staticfiles.storage import staticfiles_storage; "
        "staticfiles_storage.path('made'); shutil.copy('m/r1.json', 'm/r2.json'); "
        "print(static('css/x.css'))"
    )
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "r1.json").write_text((server.manifests / "r1.json").read_text())
    overlay = server.overlay(STOWAGE_MANIFEST_DIR=f"{tmp_path}/m", STOWAGE_RELEASE_ID="r2")
    result = in_project(plain(), python, tmp_path, overlay, "-c", code)
    assert result.stdout == "/assets/css/x.0123456789ab.css\n", result.stderr


def test_debug_project_gets_plain_names_as_ever(
    python: Path, tmp_path: Path, server: Server
) -> None:
    overlay = server.overlay(STOWAGE_RELEASE_ID="r2")
    shape = plain("DEBUG = True\n")
    result = in_project(shape, python, tmp_path, overlay, *show("static('css/x.css')"))
    assert result.stdout == "/assets/css/x.css\n", result.stderr


@pytest.mark.parametrize(
    ("settings", "stdout", "stderr"),
    [
        pytest.param("", "", "Missing staticfiles manifest entry for 'css/y.css'", id="strict"),
        pytest.param(
            STORAGES.format("library.statics.Lenient"), "/assets/css/y.", "", id="as_its_own_class"
        ),
        pytest.param(
            STORAGES.format("whitenoise.storage.CompressedManifestStaticFilesStorage")
            + "WHITENOISE_MANIFEST_STRICT = False\n",
            "/assets/css/y.",
            "",
            id="as_whitenoises_setting",
        ),
        pytest.param(
            STORAGES.format("no.such.Storage"),
            "",
            "Missing staticfiles",
            id="unless_not_importable",
        ),
    ],
)
def test_unknown_name_is_treated_as_the_project_has_chosen(
    settings: str, stdout: str, stderr: str, python: Path, tmp_path: Path, server: Server
) -> None:
    (tmp_path / "current" / "css").mkdir(parents=True)
    (tmp_path / "current" / "css" / "y.css").touch()
    lenient = (
        "from django.contrib.staticfiles.storage import ManifestStaticFilesStorage\n"
        "class Lenient(ManifestStaticFilesStorage):\n    manifest_strict = False\n"
    )
    shape = plain(settings, library__statics=lenient)
    overlay = server.overlay(STOWAGE_STATIC_ROOT=f"{tmp_path}/current")
    result = in_project(shape, python, tmp_path, overlay, *show("static('css/y.css')"))
    assert result.stdout.startswith(stdout) and stderr in result.stderr
    assert bool(result.stdout) == bool(stdout)


@pytest.mark.parametrize("wanted", ["manifest", "project"])
@pytest.mark.parametrize(
    "own",
    [
        pytest.param("django.contrib.staticfiles.storage.ManifestStaticFilesStorage", id="django"),
        pytest.param("whitenoise.storage.CompressedManifestStaticFilesStorage", id="whitenoise"),
    ],
)
def test_projects_own_manifest_storage_reads_the_releases_manifest(
    own: str, wanted: str, python: Path, tmp_path: Path, server: Server
) -> None:
    expression = (
        "static('css/x.css'), __import__('django.contrib.staticfiles.storage', fromlist=['x'])"
        ".staticfiles_storage.__class__.__name__"
    )
    overlay = server.overlay(STOWAGE_STATIC_STORAGE=wanted)
    shape = plain(STORAGES.format(own))
    result = in_project(shape, python, tmp_path, overlay, *show(expression))
    name = own if wanted == "project" else "ManifestStaticFilesStorage"
    expected = f"/assets/css/x.0123456789ab.css {name.rpartition('.')[2]}\n"
    assert result.stdout == expected, result.stderr


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_collectstatic_at_the_start_is_answered_at_once(
    version: str, interpreters: Interpreters, projects: Projects, server: Server
) -> None:
    environment = {**way_environment("settings", plain()), **server.overlay()}
    command = ["manage.py", "collectstatic", "--noinput", "--clear"]
    result = run([interpreters(version), *command], projects("plain"), environment)
    answer = "1 static files of release r1 are already published; nothing to collect.\n"
    assert (result.stdout, result.returncode) == (answer, 0), result.stderr
    assert list(server.static_root.iterdir()) == []


OTHERS = """
from django.contrib.staticfiles.management.commands.collectstatic import Command as Django
class Command(Django):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--of-the-library", action="store_true")
    def handle(self, **options):
        return "the library's command"
"""


@pytest.mark.parametrize(
    ("release", "answer"),
    [
        pytest.param("r1", "1 static files of release r1 are already", id="answered_at_once"),
        pytest.param("", "the library's command", id="used_without_a_release"),
    ],
)
def test_another_apps_collectstatic_keeps_its_options(
    release: str, answer: str, python: Path, tmp_path: Path, server: Server
) -> None:
    shape = plain(
        "INSTALLED_APPS.insert(0, 'library')\nINSTALLED_APPS.pop()\n",
        library__management__commands__collectstatic=OTHERS,
    )
    overlay = server.overlay(STOWAGE_RELEASE_ID=release)
    command = ["manage.py", "collectstatic", "--noinput", "--of-the-library"]
    result = in_project(shape, python, tmp_path, overlay, *command)
    assert result.stdout.startswith(answer), result.stderr


def test_release_without_manifest_file_is_answered_too(
    python: Path, tmp_path: Path, server: Server
) -> None:
    overlay = server.overlay(STOWAGE_STATIC_STORAGE="default", STOWAGE_RELEASE_ID="r3")
    command = ["manage.py", "collectstatic", "--noinput"]
    result = in_project(plain(), python, tmp_path, overlay, *command)
    answer = "The static files of release r3 are already published; nothing to collect.\n"
    assert result.stdout == answer, result.stderr
