"""A project without containers, for what can be proven without an engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from stowage_host.inspection import Inspection
from stowage_host.project import Paths, Project


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths("shop", tmp_path)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    directory = tmp_path / "srv/shop"
    directory.mkdir(parents=True)
    return Project(
        name="shop",
        directory=str(directory),
        services=("web", "worker"),
        settings_module="shop.settings",
        hostnames=("shop.example.org",),
    )


@pytest.fixture
def inspection() -> Inspection:
    return Inspection(
        python="/usr/local/bin/python",
        purelib="/usr/local/lib/python3.13/site-packages",
        django_version="5.2.1",
        way="settings",
        way_reason="nothing sets DJANGO_SETTINGS_MODULE by force",
        uid=1000,
        gid=1000,
        media_root="/app/media",
        static_root="/app/static",
        packages={"Django": "5.2.1", "django_storages": "1.14.6"},
        notes=(),
        entrypoint=True,
    )
