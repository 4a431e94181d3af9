"""Releases of the project trails: what there is, how its source changes, who asks for its files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from checks import Site, assets
from poller import FilePoller
from server import HOSTS, PORTS, Server

CSS = "/srv/configurations/trails/static/trails/trails.css"
LAST_MANIFESTS = """
import json, pathlib, sys
static = pathlib.Path("/var/lib/stowage", sys.argv[1], "static")
ids = [entry["id"] for entry in json.loads((static / "ledger.json").read_text())["releases"]]
places = [static / "manifests" / (name + ".json") for name in ids[-3:]]
print(json.dumps([json.loads(place.read_text())["paths"] for place in places]))
"""


def css(site: Site) -> str:
    """The stylesheet that the page names."""
    return next(url for url in assets(site.page("/")) if url.endswith(".css"))


def releases(server: Server, project: str = "trails") -> list[dict[str, Any]]:
    """The ledger's rows, newest last."""
    text = server.run("stowage", "-p", project, "--json", "static", "list")
    rows: list[dict[str, Any]] = json.loads(text)["releases"]
    return rows


def current(server: Server) -> str:
    """The id of the release that serves."""
    return next(str(row["id"]) for row in releases(server) if row["current"])


def change_css(server: Server, colour: str) -> None:
    """Make the next release another one."""
    server.shell(f"echo '.changed {{ color: {colour} }}' >> {CSS}")


def manifests(server: Server, project: str = "trails") -> list[dict[str, str]]:
    """The last three releases' manifests, newest last."""
    text = server.run("python3", "-c", LAST_MANIFESTS, project)
    found: list[dict[str, str]] = json.loads(text)
    return found


@contextlib.contextmanager
def polled(server: Server, project: str = "trails") -> Iterator[FilePoller]:
    """Every file of the last three releases is asked for meanwhile; not one answer is wrong."""
    poller = FilePoller(
        server.address(), PORTS[project], HOSTS[project], lambda: manifests(server, project)
    )
    poller.start()
    try:
        yield poller
    finally:
        count = poller.stop()
    assert count.requests > 500
    assert [str(fault) for fault in count.wrong] == []
    if not poller.outage:
        assert [str(fault) for fault in count.refused] == []
