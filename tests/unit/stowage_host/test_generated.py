"""The place for static files of the application's own, on a real file system."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from stowage_host.compose import Compose
from stowage_host.generated import prepare_generated
from stowage_host.inspection import Inspection
from stowage_host.project import Paths, Project
from stowage_host.site import Site


@pytest.fixture
def site(project: Project, paths: Paths) -> Site:
    (paths.root / "srv/shop/compose.yaml").write_text("services: {}\n")
    return Site(project, paths, Compose.of(project, paths.overlay), {"static_files": {}})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
def test_place_is_made_for_the_containers_user_once(site: Site, inspection: Inspection) -> None:
    inspections = {"web": replace(inspection, compressor="request")}
    assert prepare_generated(site, inspections) is True
    status = site.paths.generated.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1000, 1000, 0o755)
    assert prepare_generated(site, inspections) is False


def test_project_that_makes_no_files_gets_no_place(site: Site, inspection: Inspection) -> None:
    assert prepare_generated(site, {"web": replace(inspection, compressor="offline")}) is False
    assert prepare_generated(site, {}) is False
    assert not site.paths.generated.exists()


def test_inspection_of_an_older_version_says_nothing(inspection: Inspection) -> None:
    document = {**vars(inspection)}
    del document["compressor"]
    assert Inspection.from_document(document, True) == inspection
