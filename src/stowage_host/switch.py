# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Letting a release with its overlay serve, or putting back what served before.

A switch is announced in a file first, with the overlay that it replaces; a run that finds the
announcement knows that another one died half-way, and undoes it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import engine, nginx, overlay, rolling, serving
from .compose import service_of
from .engine import say
from .errors import EngineError, HealthError, StowageError
from .files import json_text, point_symlink, prepared, read_json, utc_now, write_atomic, write_json
from .generated import make_generated, prepare_generated
from .health import wait_for
from .inspection import Inspection, main_of
from .ledger import Ledger, Release
from .link import remove_link, write_link
from .manifest import Manifest
from .media import media_place, prepare_media
from .overlay import LABEL, image_groups, image_reference
from .site import Site

STORAGE = "STOWAGE_STATIC_STORAGE"


def render(
    site: Site,
    inspections: Mapping[str, Inspection],
    tag: str = "current",
    environment: Mapping[str, str] | None = None,
) -> str:
    """The overlay for images of `tag`; without inspections, one that only asks the images."""
    media = None
    if inspections:
        media = media_place(site, main_of(site.project, inspections).media_root)
    document = overlay.build(
        site.project,
        site.paths,
        site.compose.config(),
        site.fragments,
        inspections,
        media,
        tag,
        environment,
    )
    return overlay.text(document, site.project)


def one_off_overlay(
    site: Site, inspections: Mapping[str, Inspection], tag: str, storage: str
) -> Path:
    """The overlay for one-off containers of the images of `tag`, in a file of this run.

    `storage` names their static files: that of release.env is the serving release's.
    """
    make_generated(site, inspections)
    path = site.paths.scratch / ("one-off.yaml" if inspections else "inspect.yaml")
    write_atomic(path, render(site, inspections, tag, {STORAGE: storage} if storage else {}))
    return path


def activate(site: Site, release: Release) -> None:
    """Point image tags, release.env and the symlink at `release`."""
    groups = image_groups(site.project.services, site.compose.config())
    for builder, image in release.images.items():
        if builder in groups.values():
            engine.docker("tag", image, image_reference(site.project, builder, release.id))
            engine.docker("tag", image, image_reference(site.project, builder, "current"))
    text = f"RELEASE_ID='{release.id}'\nSTOWAGE_RELEASE_ID='{release.id}'\n"
    if release.storage:
        text += f"{STORAGE}='{release.storage}'\n"
    write_atomic(site.paths.release_env, text)
    point_symlink(site.paths.current, f"releases/{release.id}")


def bring_up(site: Site, inspections: Mapping[str, Inspection], text: str) -> bool:
    """Write the overlay `text` and start what it describes; return whether anything changed.

    Raises InputError where nginx refuses its configuration, EngineError with Compose's own words.
    Whether the site is healthy then is for the caller to ask.
    """
    main = main_of(site.project, inspections)
    media = media_place(site, main.media_root)
    made = prepare_generated(site, inspections)
    # A killed run may have left nginx pinned to a container that is gone.
    nginx.write_upstream(site.paths, f"{site.project.service}:{site.project.port}")
    changed = nginx.load(site.compose, site.paths, site.nginx_service) or made
    changed = write_atomic(site.paths.overlay, text) or changed
    if media is not None:
        changed = prepare_media(site, media, main) or changed
    changed = write_link(site) or changed
    changed = _start(site) or changed
    if media is not None and media.kind == "volume":
        changed = prepare_media(site, media, main) or changed  # Compose may just have made it
    return changed


def lay(site: Site) -> bool:
    """Let Compose find an overlay, an empty one before the first release; return what changed.

    The way to it is part of a build's context: laid after the first build, it would make the
    second one another image, and so another release.
    """
    changed = False
    if not site.paths.overlay.exists():
        changed = write_atomic(site.paths.overlay, overlay.text({"services": {}}, site.project))
    return write_link(site) or changed


def _start(site: Site) -> bool:
    """`docker compose up -d` with the overlay; return whether a container was made or started."""
    before = {c["Id"]: c["State"]["StartedAt"] for c in site.compose.containers()}
    if (reason := rolling.obstacle(site)) == "" and rolling.is_outdated(site):
        rolling.restart(site)
    elif reason:
        say(f"Starting {site.project.service} plainly, as {reason}")
    result = site.compose.run("up", "--detach", overlays=[site.paths.overlay])
    if result.code:
        raise EngineError(f"docker compose up failed: {result.tail()}")
    nginx.remember_loaded(site.paths)
    return before != {c["Id"]: c["State"]["StartedAt"] for c in site.compose.containers()}


@dataclass(frozen=True)
class Switched:
    """What a switch did: whether anything changed, and what a person should hear of."""

    changed: bool
    warnings: list[str]


def switch(
    site: Site, ledger: Ledger, release: Release, text: str, inspections: Mapping[str, Inspection]
) -> Switched:
    """Let `release` serve by the overlay `text`.

    Raises HealthError or EngineError where that does not work, with the former state put back. The
    ledger is written before anything else: a full disk is noticed while the former release serves.
    """
    former, former_text = ledger.serving, site.overlay_text()
    unwired = _running_unwired(site)
    manifest = Manifest.load(site.paths.manifests / f"{release.id}.json")
    announcement = {"from": ledger.current, "to": release.id, "overlay": former_text}
    if former != release:
        ledger.switch_to(release, utc_now())
    with prepared(site.paths.ledger, json_text(ledger.document())) as record:
        write_json(site.paths.intent, announcement, 0o600)
        try:
            activate(site, release)
            changed = bring_up(site, inspections, text)
            wait_for(site.compose, site.nginx_service)
            warnings = serving.check_after(site, manifest)
            say(f"Recording {release.id}")
            os.replace(record, site.paths.ledger)
        except Exception as error:  # whatever it is: the former release must serve again
            raise _put_back(site, former, former_text, unwired, error) from error
    site.paths.intent.unlink()
    return Switched(changed, warnings)


def _running_unwired(site: Site) -> list[str]:
    """Django services that run without the overlay: the site as it was before the first release."""
    containers = site.compose.containers(*site.project.services)
    wired = [c for c in containers if LABEL in (c["Config"]["Labels"] or {})]
    return sorted({service_of(c) for c in containers if c not in wired})


def _put_back(
    site: Site,
    former: Release | None,
    text: str,
    unwired: list[str],
    error: Exception,
) -> StowageError:
    """Restore what served before; the error then says both what failed and what serves."""
    foreseen = isinstance(error, (StowageError, OSError))
    what = str(error) if foreseen else f"{type(error).__name__}: {error}"
    try:
        if former is not None:
            say(f"Putting {former.id} back")
            activate(site, former)
            bring_up(site, former.inspected(), text)
            serves = f"{former.id} serves again"
            try:
                wait_for(site.compose, site.nginx_service)
            except HealthError as still:
                serves = f"{former.id} runs again, but is not healthy either: {still}"
        else:
            serves = _take_back_first(site, unwired)
    except (StowageError, OSError) as second:
        return HealthError(f"{what}\nPutting back what served before failed, too: {second}")
    site.paths.intent.unlink()
    kind = type(error) if isinstance(error, (HealthError, EngineError)) else StowageError
    return kind(f"{what}\nThe switch was undone: {serves}.")


def _take_back_first(site: Site, unwired: list[str]) -> str:
    """Undo a first release: the project runs without the overlay again, or not at all."""
    names = [*site.project.services, *filter(None, [site.nginx_service])]
    site.compose.run("rm", "--stop", "--force", *names, overlays=[site.paths.overlay])
    unwire(site)
    with contextlib.suppress(FileNotFoundError):
        site.paths.current.unlink()
    if not unwired:
        return "there is no former release, nothing is running"
    site.compose.check("up", "--detach", "--no-build", "--no-deps", *unwired)
    return "the project runs as it did before"


def unwire(site: Site) -> None:
    """Take the ways to the overlay and the overlay itself away; containers are left as they are."""
    remove_link(site)
    with contextlib.suppress(FileNotFoundError):
        site.paths.overlay.unlink()


def recover(site: Site) -> str:
    """Undo a switch that a killed run left half done; return a word about it, or ''.

    Files and tags are put back here; the run that found it then starts what they say.
    """
    announcement: dict[str, Any] | None = read_json(site.paths.intent)
    if announcement is None:
        return ""
    ledger = Ledger.load(site.paths)
    former = ledger.get(announcement["from"])
    if announcement["from"] != announcement["to"] == ledger.current:
        site.paths.intent.unlink()  # killed between the ledger's rename and this
        return ""
    if former is not None:
        activate(site, former)
        write_atomic(site.paths.overlay, announcement["overlay"])
    else:
        unwire(site)
    site.paths.intent.unlink()
    return f"A switch to {announcement['to']} was left half done and has been undone."
