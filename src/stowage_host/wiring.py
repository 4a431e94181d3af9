# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Laying the overlay over the user's project, and taking it away again."""

from __future__ import annotations

from typing import Any

from . import engine, images, overlay
from .compose import service_of
from .errors import EngineError, HealthError, InputError
from .health import wait_for
from .inspection import Inspection, inspect_images
from .ledger import Ledger, Release
from .link import link_kind
from .media import media_of, media_place
from .site import Site
from .switch import bring_up, lay, one_off_overlay, render, switch, unwire


def check(site: Site) -> None:
    """Everything that can be refused before an image is there; changes nothing."""
    for name in site.project.services:
        site.compose.service(name)
    names = set(site.compose.config().get("services") or {})
    if site.nginx_service in names:
        raise InputError(
            "django_project_nginx_service",
            site.nginx_service,
            "the project has a service of that name already; choose another",
        )
    link_kind(site)
    media_place(site, "")


def apply(site: Site, dry_run: bool) -> dict[str, Any]:
    """Bring the running project in line with what the roles handed over.

    Before the first release there is no image to run, so this only checks; the release starts all.
    """
    check(site)
    ledger = Ledger.load(site.paths)
    serving = ledger.serving
    if serving is None:
        changed = not site.paths.overlay.exists() if dry_run else lay(site)
        return {"changed": changed, "msg": "In order; the first release will start the site."}
    if not set(images.builders(site)) <= set(serving.images):
        # Their images come with the release that follows; until then there is nothing to run.
        return {"changed": False, "msg": "Services with images of their own were added: release."}
    inspections = serving.inspected() if dry_run else _ask_again(site, serving)
    text, before, name = render(site, inspections), site.overlay_text(), str(site.paths.overlay)
    answer = {
        "changed": before != text,
        "msg": f"The project runs with the overlay {name}.",
        "diff": [],
    }
    if before != text:
        answer["diff"] = [
            {"before_header": name, "after_header": name, "before": before, "after": text}
        ]
    if dry_run:
        return answer
    if before == text or _problem(site):
        # Nothing new, or nothing that could be put back: the site was not healthy before.
        answer["changed"] = bring_up(site, inspections, text) or answer["changed"]
        problem = _problem(site)
        answer["warnings"] = [problem] if problem else []
    else:
        done = switch(site, ledger, serving, text, inspections)
        answer.update(changed=done.changed, warnings=done.warnings)
    return answer


def _ask_again(site: Site, serving: Release) -> dict[str, Inspection]:
    """What the current images say with today's settings module and environment."""
    asking = [one_off_overlay(site, {}, serving.id, serving.storage)]
    return inspect_images(site.compose, site.paths, serving.images, asking)


def _problem(site: Site) -> str:
    """Why the site is not healthy right now; '' if it is."""
    try:
        wait_for(site.compose, site.nginx_service, 5)
    except HealthError as error:
        return str(error)
    return ""


def remove(site: Site, dry_run: bool) -> dict[str, Any]:
    """Take the wiring away and let the project run as it did before; data stay, and are named."""
    containers = site.compose.containers(everything=True)
    wired = [c for c in containers if overlay.LABEL in (c["Config"]["Labels"] or {})]
    present = site.paths.overlay.exists() or bool(wired)
    kept = _kept_data(site)
    if dry_run or not present:
        return {"changed": present, "msg": kept}
    unwire(site)
    declared = site.compose.config().get("services") or {}
    for container in wired:
        if service_of(container) not in declared:
            engine.remove_container(container["Id"])
    running = sorted({service_of(c) for c in wired} & set(declared))
    if running:
        result = site.compose.run("up", "--detach", "--no-deps", *running)
        if result.code:
            raise EngineError(
                f"the wiring is gone, but the project did not start without it: {result.tail()}"
            )
    return {"changed": True, "msg": kept}


def _kept_data(site: Site) -> str:
    """Where uploads and releases stay, in words."""
    serving = Ledger.load(site.paths).serving
    media = media_of(site, serving) if serving else None
    words = [f"Kept: {site.paths.var} (static files of all releases, the ledger)"]
    if media is None:
        return words[0] + "."
    if media.kind == "volume":
        declared = (site.compose.config().get("volumes") or {}).get(media.source) or {}
        name = media.external or declared.get("name", media.source)
        words.append(f"uploads in the volume {name}")
    else:
        words.append(f"uploads in {media.source}")
        if not media.adopted and media.source == str(site.paths.media):
            words.append(
                f"which the project by itself does not mount; its MEDIA_ROOT is {media.target}"
            )
    return ", ".join(words) + "."
