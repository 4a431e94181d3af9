# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release from end to end: build, collect, publish, release commands, switch.

Until the switch nothing that serves is touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import identity, images, pool
from .engine import say
from .errors import ApplicationError, StowageError
from .files import utc_now, write_atomic
from .inspection import Inspection, documents, inspect_images, main_of, marked
from .ledger import Ledger, Release
from .media import media_place
from .oneoff import one_off, python_one_off
from .prune import prune
from .site import Site
from .switch import lay, one_off_overlay, render, switch
from .wiring import check

COLLECT_MARKER = "STOWAGE-COLLECT:"
STAGING_DIRECTORY = "/var/lib/stowage/staging"


@dataclass
class Clock:
    """How long each step took, in seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 2)


@dataclass(frozen=True)
class Candidate:
    """What a release will be made of: image ids and inspections by the service that builds each.

    `wanted` is the id before it is known to be free; `overlay` is that of its one-off containers.
    """

    images: dict[str, str]
    inspections: dict[str, Inspection]
    overlay: Path
    fingerprint: str
    wanted: str
    given: bool


def publish(site: Site, dry_run: bool, keep_rollback: bool = False) -> dict[str, Any]:
    """Make the release that the project's state asks for, unless it is the current one already.

    With `keep_rollback`, a source that was released and rolled back is not released again.
    """
    check(site)
    identity.given(site)
    if dry_run:
        return {"changed": False, "msg": "A release builds the image first; a dry run does not."}
    clock, ledger = Clock(), Ledger.load(site.paths)
    former, candidate = ledger.current, _candidate(site, clock)
    if identity.unchanged(site, ledger, candidate.wanted, candidate.fingerprint):
        return {"changed": False, "release": former, "msg": f"{former} serves already."}
    if keep_rollback and (undone := identity.rolled_back(ledger, candidate.fingerprint)):
        word = f"{undone} was rolled back to {former}: release_site releases it again."
        return {"changed": False, "release": former, "msg": word, "warnings": [word]}
    name, word = identity.settle(ledger, candidate.wanted, candidate.given, candidate.fingerprint)
    release, notes = _make(site, candidate, name, clock)
    with clock.step("switch"):
        say(f"Switching to {name}")
        text = render(site, candidate.inspections)
        switch(site, ledger, release, text, candidate.inspections)
    ledger.save(site.paths)  # once more, with the time that the switch took
    words = [word] if word else []
    try:
        prune(site, dry_run=False)
    except StowageError as error:
        words.append(f"Old releases were not pruned: {error}")
    return {
        "changed": True,
        "release": name,
        "former": former,
        "files": release.files,
        "new_files": release.new_files,
        "new_bytes": release.new_bytes,
        "seconds": release.seconds,
        "notes": notes,
        "warnings": words,
        "msg": f"{name} serves: {release.files} static files, {release.new_files} of them new.",
    }


def _candidate(site: Site, clock: Clock) -> Candidate:
    """Build the images, ask them about the project, and find out what the release is called."""
    for place in (site.paths.static, site.paths.scratch):
        place.mkdir(parents=True, exist_ok=True)
    if not site.paths.release_env.exists():
        write_atomic(site.paths.release_env, "")
    lay(site)
    with clock.step("build"):
        built = images.make(site)
    with clock.step("inspect"):
        built, inspections = _inspected(site, built)
    media = media_place(site, main_of(site.project, inspections).media_root)
    if media is not None and media.source == str(site.paths.media):
        site.paths.media.mkdir(exist_ok=True)
    overlay = one_off_overlay(site, inspections, images.CANDIDATE)
    given = identity.given(site)
    wanted = given or identity.derive(
        site, built[site.project.service], main_of(site.project, inspections), overlay
    )
    return Candidate(built, inspections, overlay, _fingerprint(site, built), wanted, bool(given))


def _make(site: Site, candidate: Candidate, name: str, clock: Clock) -> tuple[Release, list[str]]:
    """Collect, publish and run the release commands: all of a release but the switch."""
    inspection = main_of(site.project, candidate.inspections)
    release = Release(
        name,
        candidate.fingerprint,
        candidate.images,
        documents(candidate.inspections),
        utc_now(),
        _who(),
        revision=identity.revision(site.project.directory),
        release_commands=list(site.project.release_commands),
        seconds=clock.seconds,
    )
    with clock.step("collect"):
        notes = _collect(site, name, inspection, candidate.overlay)
    with clock.step("publish"):
        say(f"Publishing {name}")
        level = pool.Compression(**site.setting("static_files", "compression", {}))
        own = site.setting("static_files", "storage", "") == "project"
        published = pool.publish(site.paths, name, level, verify=not own)
        shutil.rmtree(site.paths.staging)
    with clock.step("release_commands"):
        _release_commands(site, release, inspection, candidate.overlay)
    release = replace(
        release,
        files=published.files,
        new_files=published.new_files,
        new_bytes=published.new_bytes,
        manifest_sha256=published.manifest_sha256,
    )
    return release, [*inspection.notes, *notes]


def _who() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("LOGNAME") or "root"


def _fingerprint(site: Site, built: dict[str, str]) -> str:
    """One value for all that decides a release's content: images, and what settings are applied."""
    project = site.project
    inputs = [
        built,
        project.settings_module,
        project.static_url,
        site.setting("static_files", "storage", ""),
        site.setting("storage_env", "honour_legacy", False),
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _inspected(site: Site, built: dict[str, str]) -> tuple[dict[str, str], dict[str, Inspection]]:
    """Start what the Django services need, ask each image, add the packages that it lacks."""
    needed = site.compose.dependencies()
    if needed:
        say(f"Starting {', '.join(needed)}")
        site.compose.check(
            "up", "--detach", "--no-recreate", "--wait", "--wait-timeout", "120", *needed
        )
    asking = [one_off_overlay(site, {}, images.CANDIDATE)]
    inspections = inspect_images(site.compose, site.paths, built, asking)
    layered = images.add_layers(site, built, inspections)
    if layered != built:
        inspections = inspect_images(site.compose, site.paths, layered, asking)
    return layered, inspections


def _collect(site: Site, name: str, inspection: Inspection, overlay: Path) -> list[str]:
    """Run the collector in a container of the new image; its notes."""
    say(f"Collecting static files of {name}")
    pool.prepare_staging(site.paths, inspection.uid, inspection.gid)
    options = [
        "--volume",
        f"{site.paths.staging}:{STAGING_DIRECTORY}",
        "--env",
        "STOWAGE_PHASE=collect",
        "--env",
        f"STOWAGE_STATIC_ROOT={STAGING_DIRECTORY}/tree",
        "--env",
        f"STOWAGE_RELEASE_ID={name}",
        "--env",
        f"RELEASE_ID={name}",
    ]
    words = ["-m", "stowage_django.collect", "--target", STAGING_DIRECTORY]
    answer = python_one_off(site, inspection, "collect", words, [overlay], options)
    document = marked(answer.result.stdout, COLLECT_MARKER)
    if answer.result.code or document is None:
        raise ApplicationError(f"the static files cannot be collected:\n{answer.result.tail(15)}")
    return [str(note) for note in document.get("notes") or []]


def _release_commands(site: Site, release: Release, inspection: Inspection, overlay: Path) -> None:
    """Run the project's release commands in the new image, before it serves."""
    for command in release.release_commands:
        say(f"Running {command}")
        options = ["--env", f"STOWAGE_RELEASE_ID={release.id}", "--env", f"RELEASE_ID={release.id}"]
        words = identity.words_of(command)
        answer = one_off(site, inspection, "command", words, [overlay], options)
        if answer.result.code:
            raise ApplicationError(
                f"django_project_release_commands: {command!r} failed with exit code "
                f"{answer.result.code}; the former release serves on:\n{answer.result.tail(15)}"
            )
