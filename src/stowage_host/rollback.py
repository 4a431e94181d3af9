# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Letting an earlier release serve again: its image, manifest and files are still there.

Nothing is built and nothing is collected, so this takes as long as the application's restart.
"""

from __future__ import annotations

from typing import Any

from . import engine
from .engine import say
from .errors import GateError, InputError, StowageError
from .gate import targets
from .ledger import Ledger, Release
from .manifest import Manifest
from .overlay import image_reference
from .site import Site
from .switch import render, switch

VARIABLE = "static_files_roll_back_to"


def roll_back(site: Site, wanted: str, dry_run: bool) -> dict[str, Any]:
    """Switch to the release `wanted`, '' for the one that was made before the current one.

    Raises InputError for a release that is not there, GateError for one that lacks a file or image.
    """
    ledger = Ledger.load(site.paths)
    target = _target(ledger, wanted)
    if target.id == ledger.current:
        return {"changed": False, "release": target.id, "msg": f"{target.id} serves already."}
    check_whole(site, target)
    word = _not_undone(ledger, target)
    if dry_run:
        return {"changed": True, "msg": f"Would roll back to {target.id}.", "warnings": word}
    say(f"Rolling back to {target.id}")
    former, inspections = ledger.current, target.inspected()
    word += switch(site, ledger, target, render(site, inspections), inspections).warnings
    return {
        "changed": True,
        "release": target.id,
        "former": former,
        "warnings": word,
        "msg": f"{target.id} serves again; {former} stays in the ledger.",
    }


def _target(ledger: Ledger, wanted: str) -> Release:
    known = ", ".join(entry.id for entry in ledger.releases) or "none"
    if not ledger.current:
        raise StowageError("there is no release yet: run deploy_site")
    if not wanted:
        former = ledger.before(ledger.current)
        if former is None:
            raise StowageError(f"{ledger.current} is the oldest release that is kept ({known})")
        return former
    found = ledger.get(wanted)
    if found is None:
        raise InputError(VARIABLE, wanted, f"no such release; there are {known}")
    return found


def check_images(site: Site, release: Release) -> None:
    """Each image of a release is there; raises GateError where one is not."""
    for builder, image in release.images.items():
        reference = image_reference(site.project, builder, release.id)
        if engine.image_id(reference) != image:
            raise GateError(
                f"the image {reference} is gone or another one: release its source anew"
            )


def check_whole(site: Site, release: Release) -> None:
    """All that a release needs is there: its images, and each file that its manifest names."""
    check_images(site, release)
    try:
        manifest = Manifest.load(site.paths.manifests / f"{release.id}.json")
    except StowageError as error:
        raise GateError(f"{error}; run `stowage -p {site.project.name} static repair`") from None
    tree = site.paths.releases / release.id
    places = {name: site.paths.pool / name for name in manifest.pooled}
    places |= {name: tree / name for name in targets(site.paths, manifest)}
    missing = sorted(name for name, place in places.items() if not place.is_file())
    if missing:
        raise GateError(
            f"{release.id} lacks {len(missing)} of its static files, such as {missing[0]}: "
            f"run `stowage -p {site.project.name} static repair`"
        )


def _not_undone(ledger: Ledger, target: Release) -> list[str]:
    """A word about release commands of later releases: a database migration is not undone."""
    ids = [entry.id for entry in ledger.releases]
    first, last = sorted((ids.index(target.id), ids.index(ledger.current)))
    if ids[first] != target.id:
        return []
    commands = [
        f"{entry.id}: {command}"
        for entry in ledger.releases[first + 1 : last + 1]
        for command in entry.release_commands
    ]
    if not commands:
        return []
    return ["Not undone by a rollback (such as migrations): " + "; ".join(commands)]
