"""The document that a project's container gives of itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stowage_django.conftest import Interpreters, Projects, run
from tests.unit.stowage_django.djangos import SOURCE, VERSIONS
from tests.unit.stowage_django.shapes import SHAPES, Shape, plain

BOOTSTRAP = (
    f"import sys; sys.path.append({str(SOURCE)!r}); import runpy; "
    "runpy.run_module('stowage_django.inspect', run_name='__main__', alter_sys=True)"
)


def inspect(python: Path, folder: Path, shape: Shape, code: int = 0, **more: str) -> dict[str, Any]:
    environment = {
        **shape.environment,
        "STOWAGE_SETTINGS_MODULE": shape.module,
        "DJANGO_SETTINGS_MODULE": "stowage_django.settings",
        **more,
    }
    result = run([python, "-c", BOOTSTRAP], folder, environment)
    assert result.returncode == code, result.stdout + result.stderr
    last = result.stdout.splitlines()[-1]
    assert last.startswith("STOWAGE-INSPECT:")
    document: dict[str, Any] = json.loads(last.removeprefix("STOWAGE-INSPECT:"))
    return document


@pytest.fixture
def python(interpreters: Interpreters) -> Path:
    return interpreters("5.2")


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_document_is_the_projects_own_settings(
    version: str, interpreters: Interpreters, projects: Projects
) -> None:
    python, folder = interpreters(version), projects("path_roots")
    document = inspect(
        python, folder, SHAPES["path_roots"], STOWAGE_STATIC_URL="/assets/", STOWAGE_HOOK="1"
    )
    packages = document.pop("packages")
    assert packages["django"] == document["django_version"]
    assert packages["django-environ"] and document["django_version"].startswith(version)
    assert document.pop("purelib").startswith(str(python.parents[1] / "lib"))
    assert document.pop("python") == str(python)
    del document["django_version"], document["python_version"], document["user"]
    assert document == {
        "settings_module": "project.settings",
        "entrypoint_settings_module": "stowage_django.settings",
        "configuration": None,
        "way": "settings",
        "way_reason": "Nothing in the image assigns DJANGO_SETTINGS_MODULE.",
        "base_dir": str(folder),
        "static_url": "/old-static/",
        "static_root": f"{folder}/old-static",
        "media_url": "/old-media/",
        "media_root": f"{folder}/old-media",
        "storages": {
            "default": "django.core.files.storage.FileSystemStorage",
            "staticfiles": "django.contrib.staticfiles.storage.StaticFilesStorage",
        },
        "legacy_names": {},
        "ignored_legacy": [],
        "middleware": ["django.middleware.common.CommonMiddleware"],
        "installed_apps": [
            *("django.contrib.contenttypes", "django.contrib.staticfiles", "library")
        ],
        "uid": os.getuid(),
        "gid": os.getgid(),
        "wsgi_application": "project.wsgi.application",
        "asgi_application": None,
        "file_upload_permissions": 0o644,
        "compressor": None,
        "whitenoise": False,
        "notes": [],
    }


@pytest.mark.parametrize("name", [name for name in SHAPES if name != "path_roots"])
def test_each_shape_is_read_and_gets_its_way(name: str, python: Path, projects: Projects) -> None:
    document = inspect(python, projects(name), SHAPES[name])
    assert document["static_url"] == "/old-static/"
    assert document["static_root"].endswith("/old-static")
    assert document["way"] == ("hook" if name == "hard_assigned" else "settings")
    assert document["configuration"] == ("Production" if name == "configurations" else None)


@pytest.mark.parametrize(
    ("version", "ignored", "effective"),
    [
        pytest.param("4.2", [], "ManifestStaticFilesStorage", id="django4.2_heeds"),
        pytest.param(
            "5.2",
            ["DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE"],
            "StaticFilesStorage",
            id="django5.2_ignores",
        ),
    ],
)
def test_legacy_names_are_reported_with_what_they_do(
    version: str,
    ignored: list[str],
    effective: str,
    interpreters: Interpreters,
    projects: Projects,
) -> None:
    document = inspect(interpreters(version), projects("legacy_names"), SHAPES["legacy_names"])
    assert document["legacy_names"]["DEFAULT_FILE_STORAGE"] == "library.storage.Uploads"
    assert document["ignored_legacy"] == ignored
    assert document["storages"]["staticfiles"].rpartition(".")[2] == effective
    assert len([note for note in document["notes"] if "no effect" in note]) == len(ignored)


def test_entry_point_that_exports_a_module_needs_the_hook(python: Path, projects: Projects) -> None:
    document = inspect(
        python, projects("plain"), SHAPES["plain"], DJANGO_SETTINGS_MODULE="project.settings"
    )
    assert document["way"] == "hook"
    assert "DJANGO_SETTINGS_MODULE=project.settings" in document["way_reason"]
    assert document["notes"] == []


def test_entry_point_that_exports_another_module_is_reported(
    python: Path, projects: Projects
) -> None:
    document = inspect(
        python, projects("plain"), SHAPES["plain"], DJANGO_SETTINGS_MODULE="project.production"
    )
    assert document["entrypoint_settings_module"] == "project.production"
    assert (
        "project.production, django_project_settings_module is project.settings"
        in (document["notes"][0])
    )


ASSIGN = 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "project.other"\n'


@pytest.mark.parametrize(
    ("name", "text", "extra"),
    [
        pytest.param("manage.py", ASSIGN, "", id="manage.py"),
        pytest.param("project/wsgi.py", ASSIGN, "", id="wsgi.py"),
        pytest.param("project/asgi.py", ASSIGN, "", id="asgi.py"),
        pytest.param("project/celery.py", ASSIGN, "", id="celery.py"),
        pytest.param("deep/er/celeryapp.py", ASSIGN, "", id="celery_in_a_sub_folder"),
        pytest.param(
            "conf/server.py",
            ASSIGN,
            "WSGI_APPLICATION = 'conf.server.app'\n",
            id="wsgi_application",
        ),
        pytest.param(
            "conf/server.py",
            ASSIGN,
            "ASGI_APPLICATION = 'conf.server.app'\n",
            id="asgi_application",
        ),
        pytest.param(
            "gunicorn.conf.py",
            'raw_env = ["DJANGO_SETTINGS_MODULE=project.other"]\n',
            "",
            id="gunicorn_raw_env",
        ),
        pytest.param(
            "start.sh", "#!/bin/sh\nexport DJANGO_SETTINGS_MODULE=project.other\n", "", id="shell"
        ),
    ],
)
def test_assigned_module_needs_the_hook_and_is_reported(
    name: str, text: str, extra: str, python: Path, tmp_path: Path
) -> None:
    shape = Shape({**plain(extra).files, name: text + "raise SystemExit  # never imported\n"})
    document = inspect(python, shape.write(tmp_path), shape)
    assert document["way"] == "hook"
    assert f"{name}, line " in document["way_reason"]
    assert "project.other, django_project_settings_module is" in document["notes"][-1]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        pytest.param("STATIC_URL = 'static/'\n", "/static/", id="relative"),
        pytest.param(
            "STATIC_URL = 's/'\nFORCE_SCRIPT_NAME = '/app'\n", "/app/s/", id="below_script_name"
        ),
        pytest.param("STATIC_URL = None\n", None, id="none"),
        pytest.param("STATIC_URL = 'https://x.example/s/'\n", "https://x.example/s/", id="address"),
    ],
)
def test_static_url_is_as_django_serves_it(
    settings: str, url: str | None, python: Path, tmp_path: Path
) -> None:
    shape = plain(settings)
    assert inspect(python, shape.write(tmp_path), shape)["static_url"] == url


def test_unset_roots_are_null(python: Path, tmp_path: Path) -> None:
    shape = plain("STATIC_ROOT = None\nMEDIA_ROOT = ''\ndel BASE_DIR\n")
    document = inspect(python, shape.write(tmp_path), shape)
    assert (document["static_root"], document["media_root"]) == (None, None)
    assert document["base_dir"] is None


def test_whitenoise_is_seen_in_the_middleware(python: Path, tmp_path: Path) -> None:
    shape = plain("MIDDLEWARE.insert(0, 'whitenoise.middleware.WhiteNoiseMiddleware')\n")
    assert inspect(python, shape.write(tmp_path), shape)["whitenoise"] is True


def test_project_in_a_sub_folder_is_found_beside_manage_py(python: Path, tmp_path: Path) -> None:
    plain().write(tmp_path / "src")
    document = inspect(python, tmp_path, plain())
    assert document["base_dir"] == str(tmp_path / "src")
    assert "beside manage.py" in document["notes"][0]


def test_document_stands_alone_after_the_projects_noise(python: Path, tmp_path: Path) -> None:
    shape = plain(
        "import atexit, sys\nprint('loading', end='')\natexit.register(print, 'bye')\n"
        "assert sys.argv[1] == 'check'\n"
    )
    inspect(python, shape.write(tmp_path), shape)


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        pytest.param("import nope\n", "ModuleNotFoundError: No module named 'nope'", id="import"),
        pytest.param("1/0\n", "ZeroDivisionError: division by zero", id="exception"),
        pytest.param("raise SystemExit('set X')\n", "SystemExit: set X", id="exit"),
    ],
)
def test_settings_that_do_not_import_give_their_own_error(
    extra: str, error: str, python: Path, tmp_path: Path
) -> None:
    shape = plain(extra)
    document = inspect(python, shape.write(tmp_path), shape, code=3)
    assert document["error"] == error
    assert "project/settings.py" in document["traceback"]


def test_unknown_settings_module_gives_pythons_error(python: Path, tmp_path: Path) -> None:
    shape = Shape(plain().files, module="shop.settings")
    document = inspect(python, shape.write(tmp_path), shape, code=3)
    assert document["error"] == "ModuleNotFoundError: No module named 'shop'"


def test_nothing_is_written(python: Path, tmp_path: Path) -> None:
    folder = plain().write(tmp_path / "project")
    before = sorted(folder.rglob("*"))
    inspect(python, folder, plain(), PYTHONDONTWRITEBYTECODE="1")
    assert sorted(folder.rglob("*")) == before
