"""What a killed switch left behind, as far as it can be told without an engine."""

from __future__ import annotations

from stowage_host.compose import BaseFiles, Compose
from stowage_host.files import point_symlink, write_json
from stowage_host.project import Paths, Project
from stowage_host.site import Site
from stowage_host.switch import recover


def test_a_switch_that_the_ledger_has_is_not_undone(paths: Paths, project: Project) -> None:
    """Killed between the ledger and the end of the announcement: the new release serves on."""
    site = Site(project, paths, Compose(project, paths.overlay, BaseFiles((), "default")), {})
    write_json(paths.ledger, {"current": "two", "releases": []})
    point_symlink(paths.current, "releases/two")
    write_json(paths.intent, {"from": "one", "to": "two", "overlay": "services: {}"})
    assert recover(site) == ""
    assert not paths.intent.exists()
    assert paths.current.readlink().name == "two"
    assert recover(site) == ""
