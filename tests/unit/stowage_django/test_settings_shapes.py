"""Unmodified projects of many shapes see the changed settings, from every entry point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.stowage_django.conftest import (
    Interpreters,
    Projects,
    Server,
    run,
    way_environment,
)
from tests.unit.stowage_django.djangos import VERSIONS
from tests.unit.stowage_django.shapes import SHAPES, Shape

SCRIPT = Path(__file__).parent / "entry_points.py"
ENTRY_POINTS = ("manage", "wsgi", "asgi", "worker")
RELEASE_STORAGE = "stowage_django.storage.ReleaseManifestStaticFilesStorage"
FILE_STORAGE = "django.core.files.storage.FileSystemStorage"
CASES = [
    pytest.param(name, way, version, id=f"{name}-by_{way}-django{version}")
    for name, shape in SHAPES.items()
    for way in shape.ways
    for version in VERSIONS
]


def expected(shape: Shape, server: Server) -> dict[str, Any]:
    """What the overlay promises, and what is the project's own and stays."""
    static_root, media_root = str(server.static_root), str(server.media_root)
    both = {
        "STATIC_URL": "/assets/",
        "MEDIA_URL": "/media/",
        "RELEASE_ID": "r1",
        "OF_THE_PROJECT": "kept",
    }
    return {
        **both,
        **{f"project.settings.{name}": value for name, value in both.items()},
        "STATIC_ROOT": [shape.root_type, static_root],
        "MEDIA_ROOT": [shape.root_type, media_root],
        "project.settings.STATIC_ROOT": static_root,
        "project.settings.MEDIA_ROOT": media_root,
        "static('css/x.css')": "/assets/css/x.0123456789ab.css",
        "default_storage.url('a.jpg')": "/media/a.jpg",
        "default_storage.location": media_root,
        "staticfiles_storage.location": static_root,
        "finders": True,
        "storages": {"default": FILE_STORAGE, "staticfiles": RELEASE_STORAGE},
        "default_storage": "FileSystemStorage",
        "staticfiles_storage": "ReleaseManifestStaticFilesStorage",
        "INSTALLED_APPS": [
            shape.sequence_type,
            *("stowage_django", "django.contrib.contenttypes"),
            *("django.contrib.staticfiles", "library"),
        ],
        "MIDDLEWARE": shape.sequence_type,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 26214400,
        "FILE_UPLOAD_DIRECTORY_PERMISSIONS": 0o755,
    }


@pytest.mark.parametrize(("name", "way", "version"), CASES)
def test_project_sees_the_release_from_every_entry_point(
    name: str,
    way: str,
    version: str,
    interpreters: Interpreters,
    projects: Projects,
    server: Server,
) -> None:
    shape = SHAPES[name]
    environment = {**way_environment(way, shape), **server.overlay()}

    result = run([interpreters(version), SCRIPT], projects(name), environment)

    assert result.returncode == 0, result.stderr
    printed = dict(line.split(":", 1) for line in result.stdout.splitlines() if ":" in line)
    assert tuple(printed) == ENTRY_POINTS
    seen = {entry_point: json.loads(line) for entry_point, line in printed.items()}
    assert seen == dict.fromkeys(ENTRY_POINTS, expected(shape, server))
