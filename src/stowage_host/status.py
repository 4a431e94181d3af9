# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs, how it is wired, and what is not as it should be. Changes nothing."""

from __future__ import annotations

import os
from typing import Any

from .compose import service_of
from .errors import InputError
from .files import lock_holder
from .ledger import Ledger
from .link import LINK_NAME, actual_kind, link_kind
from .media import media_of
from .overlay import LABEL
from .site import Site

LINK_WORDS = {
    "symlink": f"by {LINK_NAME}: a plain `docker compose up -d` keeps the wiring",
    "env": "by COMPOSE_FILE in .env: a plain `docker compose up -d` keeps the wiring, "
    "one with --file does not",
    "none": "not at all: only `stowage compose` keeps the wiring",
}


def _services(site: Site) -> list[dict[str, Any]]:
    """Every container of the Django services and of nginx, as it runs now."""
    names = [*site.project.services, *filter(None, [site.nginx_service])]
    rows = []
    for container in site.compose.containers(*names, everything=True):
        state = container["State"]
        rows.append(
            {
                "service": service_of(container),
                "container": container["Name"].lstrip("/"),
                "state": str((state.get("Health") or {}).get("Status") or state["Status"]),
                "image": container["Config"]["Image"],
                "wired": LABEL in (container["Config"]["Labels"] or {}),
            }
        )
    return sorted(rows, key=lambda row: str(row["container"]))


def _attention(site: Site, ledger: Ledger, services: list[dict[str, Any]]) -> list[str]:
    """What a person should look at, each with its remedy."""
    found = []
    if not ledger.current:
        found.append("There is no release yet: run deploy_site or release_site.")
    elif (
        not site.paths.current.exists()
        or os.readlink(site.paths.current) != f"releases/{ledger.current}"
    ):
        found.append(
            f"Other static files are served than those of {ledger.current}: run release_site."
        )
    if (holder := lock_holder(site.paths.lock)) != "":
        found.append(f"A run is in progress: {holder}.")
    elif site.paths.intent.exists():
        found.append(
            "A switch was left half done: the next run of deploy_site or release_site undoes it."
        )
    for row in services:
        if ledger.current and not row["wired"]:
            found.append(
                f"{row['container']} runs without the wiring: "
                f"run `stowage -p {site.project.name} compose up -d`."
            )
        if row["state"] not in ("running", "healthy", "starting"):
            found.append(
                f"{row['container']} is {row['state']}: see `docker logs {row['container']}`."
            )
    present = {row["service"] for row in services}
    for name in [*site.project.services, *filter(None, [site.nginx_service])]:
        if ledger.current and name not in present:
            found.append(
                f"{name} has no container: run `stowage -p {site.project.name} compose up -d`."
            )
    return found


def status(site: Site) -> dict[str, Any]:
    """The state of a project as one document; `msg` is the same for a person."""
    ledger = Ledger.load(site.paths)
    serving = ledger.serving
    services = _services(site)
    media = None
    try:
        link = actual_kind(site)
        media = media_of(site, serving) if serving else None
        wrong = []
        if ledger.current and link != link_kind(site):
            wrong.append("A plain `docker compose` does not find the wiring: run deploy_site.")
    except InputError as error:
        link, wrong = "none", [str(error)]
    attention = wrong + _attention(site, ledger, services)
    lines = [
        f"Project   {site.project.name} in {site.project.directory}",
        f"Release   {serving.id + ', since ' + serving.released_at if serving else 'none'}"
        f" ({len(ledger.releases)} in the ledger)",
        f"Wiring    {LINK_WORDS[link]}",
        f"Media     {(media.kind + ' ' + (media.external or media.source)) if media else 'none'}",
        *(
            f"Service   {row['container']}: {row['state']}{'' if row['wired'] else ', NOT WIRED'}"
            for row in services
        ),
        *(f"Attention {text}" for text in attention),
    ]
    return {
        "changed": False,
        "project": site.project.name,
        "release": ledger.current,
        "link": link,
        "media": {"kind": media.kind, "source": media.external or media.source} if media else None,
        "services": services,
        "attention": attention,
        "msg": "\n".join(lines),
    }


def releases(site: Site) -> dict[str, Any]:
    """The ledger, newest last."""
    ledger = Ledger.load(site.paths)
    rows = [
        {
            "id": entry.id,
            "current": entry.id == ledger.current,
            "released_at": entry.released_at,
            "released_by": entry.released_by,
            "revision": entry.revision,
            "files": entry.files,
            "new_files": entry.new_files,
            "new_bytes": entry.new_bytes,
            "images": entry.images,
            "seconds": entry.seconds,
        }
        for entry in ledger.releases
    ]
    lines = [
        f"{'*' if row['current'] else ' '} {row['id']:<24} {row['released_at']}  "
        f"{row['files']} files, "
        f"{row['new_files']} new ({row['new_bytes']} bytes)"
        for row in rows
    ]
    return {
        "changed": False,
        "releases": rows,
        "msg": "\n".join(lines) or "There is no release yet.",
    }
