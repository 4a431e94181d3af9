"""Fixtures: a real interpreter for each Django version, a server's directories, projects."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.stowage_django import djangos
from tests.unit.stowage_django.shapes import SHAPES, Shape

Interpreters = Callable[[str], Path]
Projects = Callable[[str], Path]


@pytest.fixture(scope="session")
def interpreters(tmp_path_factory: pytest.TempPathFactory) -> Interpreters:
    """Django version -> path of a python that has it and stowage.pth."""
    made: dict[str, Path] = {}

    def interpreter(version: str) -> Path:
        if version not in made:
            folder = tmp_path_factory.mktemp(f"django-{version}-")
            made[version] = djangos.interpreter(version, folder)
        return made[version]

    return interpreter


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Projects:
    """Name of a shape -> folder of that project, written once and only read by the tests."""
    made: dict[str, Path] = {}

    def project(name: str) -> Path:
        if name not in made:
            made[name] = SHAPES[name].write(tmp_path_factory.mktemp(name))
        return made[name]

    return project


@dataclass(frozen=True)
class Server:
    """The server's directories as the container sees them, with one published release `r1`."""

    root: Path

    @property
    def static_root(self) -> Path:
        return self.root / "static" / "current"

    @property
    def manifests(self) -> Path:
        return self.root / "static" / "manifests"

    @property
    def media_root(self) -> Path:
        return self.root / "media"

    def overlay(self, **variables: str) -> dict[str, str]:
        """What the overlay sets at run time, with these differences ("" takes one away)."""
        overlay = {
            "STOWAGE_STATIC_STORAGE": "release_manifest",
            "STOWAGE_STATIC_URL": "/assets/",
            "STOWAGE_STATIC_ROOT": str(self.static_root),
            "STOWAGE_MANIFEST_DIR": str(self.manifests),
            "STOWAGE_RELEASE_ID": "r1",
            "STOWAGE_MEDIA_BACKEND": "local",
            "STOWAGE_MEDIA_URL": "/media/",
            "STOWAGE_MEDIA_ROOT": str(self.media_root),
            "STOWAGE_UPLOAD_LIMIT": "26214400",
        }
        return {name: value for name, value in {**overlay, **variables}.items() if value}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Read-only for the tests."""
    server = Server(tmp_path_factory.mktemp("server"))
    for folder in (server.static_root, server.manifests, server.media_root):
        folder.mkdir(parents=True)
    manifest = {"paths": {"css/x.css": "css/x.0123456789ab.css"}, "version": "1.1", "hash": "x"}
    (server.manifests / "r1.json").write_text(json.dumps(manifest))
    return server


def way_environment(way: str, shape: Shape) -> dict[str, str]:
    """How Django is sent to us: by its settings module, or by the hook in stowage.pth."""
    environment = {"PROJECT_MODULE": shape.module, **shape.environment}
    if way == "settings":
        environment["DJANGO_SETTINGS_MODULE"] = "stowage_django.settings"
        environment["STOWAGE_SETTINGS_MODULE"] = shape.module
    else:
        environment["STOWAGE_HOOK"] = "1"
    return environment


def run(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run in a project's folder with nothing in the environment but what is given."""
    return subprocess.run(
        command,
        cwd=folder,
        env=djangos.clean_environment(**environment),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
