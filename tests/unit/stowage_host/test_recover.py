"""What a run finds that comes after a killed one."""

from __future__ import annotations

from typing import Any

import pytest

from stowage_host import switch
from stowage_host.compose import BaseFiles, Compose
from stowage_host.files import write_json
from stowage_host.ledger import Ledger, Release
from stowage_host.project import Paths, Project
from stowage_host.site import Site


def release(name: str) -> Release:
    return Release(name, name, {"web": "sha256:1"}, {}, "2026-01-01T00:00:00Z", "root")


@pytest.fixture
def site(project: Project, paths: Paths) -> Site:
    return Site(project, paths, Compose(project, paths.overlay, BaseFiles((), "named")), {})


@pytest.mark.parametrize(
    ("recorded", "undone"),
    [pytest.param("old", ["old"], id="before"), pytest.param("new", [], id="after")],
)
def test_a_switch_is_undone_only_before_the_ledger_has_it(
    site: Site, recorded: str, undone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    activated: list[str] = []
    monkeypatch.setattr(switch, "activate", lambda _, entry: activated.append(entry.id))
    Ledger(recorded, [release("old"), release("new")]).save(site.paths)
    announcement: dict[str, Any] = {"from": "old", "to": "new", "overlay": "services: {}\n"}
    write_json(site.paths.intent, announcement)
    word = switch.recover(site)
    assert activated == undone
    assert bool(word) == bool(undone)
    assert not site.paths.intent.exists()
