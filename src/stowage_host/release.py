# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release from end to end: build, collect, publish, release commands, switch.

Until the switch nothing that serves is touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import identity, images, pool, serving
from .collection import Report, choices, collect, compression, own_hashes, storage, verified
from .engine import say
from .errors import ApplicationError, StowageError
from .files import utc_now, write_atomic
from .inspection import Inspection, documents, inspect_images, main_of
from .ledger import Ledger, Release
from .manifest import Manifest
from .media import media_place
from .oneoff import one_off
from .pool import clear_staging
from .prune import kept, prune, sweep
from .site import Site
from .switch import lay, one_off_overlay, render, switch
from .wiring import check


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
    clock, ledger = Clock(), Ledger.load(site.paths)
    former = ledger.current
    if dry_run and not former:
        word = "Would make the first release; a dry run does not build for that."
        return {"changed": True, "msg": word}
    candidate = _candidate(site, clock, dry_run)
    if identity.unchanged(site, ledger, candidate.wanted, candidate.fingerprint):
        return {"changed": False, "release": former, "msg": f"{former} serves already."}
    if keep_rollback and (undone := identity.rolled_back(ledger, candidate.fingerprint)):
        word = f"{undone} was rolled back to {former}: release_site releases it again."
        return {"changed": False, "release": former, "msg": word, "warnings": [word]}
    name, word = identity.settle(ledger, candidate.wanted, candidate.given, candidate.fingerprint)
    words = [word] if word else []
    try:
        if dry_run:
            return _preview(site, ledger, candidate, name, words)
        sweep(site, ledger)
        release, report = _make(site, ledger, candidate, name, clock)
        words += report.warnings
        name = release.id
    finally:
        clear_staging(site.paths)
    with clock.step("switch"):
        say(f"Switching to {name}")
        text = render(site, candidate.inspections)
        words += switch(site, ledger, release, text, candidate.inspections).warnings
    words += _tidy(site, ledger)
    return {
        "changed": True,
        "release": name,
        "former": former,
        "files": release.files,
        "new_files": release.new_files,
        "new_bytes": release.new_bytes,
        "seconds": release.seconds,
        "notes": report.notes,
        "forgiven": report.forgiven,
        "warnings": words,
        "msg": f"{name} serves: {release.files} static files, {release.new_files} of them new.",
    }


def _tidy(site: Site, ledger: Ledger) -> list[str]:
    """What is left to do while the new release serves already; a failure is but a warning."""
    try:
        ledger.save(site.paths)  # once more, with the time that the switch took
        prune(site, dry_run=False)
    except (StowageError, OSError) as error:
        return [f"Old releases were not pruned: {error}"]
    return []


def _preview(
    site: Site, ledger: Ledger, candidate: Candidate, name: str, words: list[str]
) -> dict[str, Any]:
    """What the release would change, learned from a collection that is not published."""
    inspection = main_of(site.project, candidate.inspections)
    report = collect(site, name, inspection, candidate.overlay)
    staged = pool.read(site.paths, own_hashes(site), verified(storage(site)))
    served = ledger.current
    former = Manifest.load(site.paths.manifests / f"{served}.json")
    release = Release(name, candidate.fingerprint, candidate.images, {}, utc_now(), _who())
    ledger.switch_to(release, utc_now())
    dropped = [entry.id for entry in ledger.releases if entry not in kept(site, ledger)]
    header = f"static files of {site.project.name}"
    size = sum((site.paths.staging / "tree" / file).stat().st_size for file in staged.new)
    return {
        "changed": True,
        "release": name,
        "former": served,
        "new_files": len(staged.new),
        "new_bytes": size,
        "pruned": dropped,
        "notes": list(dict.fromkeys([*inspection.notes, *report.notes])),
        "forgiven": report.forgiven,
        "warnings": [*words, *report.warnings],
        "diff": [
            {
                "before_header": f"{header}, served",
                "after_header": f"{header}, {name}",
                "before": _listing(former),
                "after": _listing(staged.manifest),
            }
        ],
        "msg": f"Would release {name}: {len(staged.new)} new static files ({size} bytes before "
        f"compression), and drop {', '.join(dropped) or 'no release'}.",
    }


def _listing(manifest: Manifest) -> str:
    """Every static file by a line: its name, and what it stands for."""
    lines = [f"{name} -> {hashed}" for name, hashed in manifest.paths.items()]
    lines += [
        f"{name} ({manifest.digests[name][:12]})"
        for name in manifest.own_files - manifest.paths.keys()
    ]
    return "".join(f"{line}\n" for line in sorted(lines))


def _candidate(site: Site, clock: Clock, dry_run: bool) -> Candidate:
    """Build the images, ask them about the project, and find out what the release is called.

    A dry run starts nothing that is not running, and leaves the way to the overlay as it is.
    """
    for place in (site.paths.static, site.paths.scratch):
        place.mkdir(parents=True, exist_ok=True)
    if not site.paths.release_env.exists():
        write_atomic(site.paths.release_env, "")
    if not dry_run:
        lay(site)
    with clock.step("build"):
        built = images.make(site)
    with clock.step("inspect"):
        built, inspections = _inspected(site, built, start=not dry_run)
    media = media_place(site, main_of(site.project, inspections).media_root)
    if media is not None and media.source == str(site.paths.media):
        site.paths.media.mkdir(exist_ok=True)
    overlay = one_off_overlay(site, inspections, images.CANDIDATE, storage(site))
    given = identity.given(site)
    wanted = given or identity.derive(
        site, built[site.project.service], main_of(site.project, inspections), overlay
    )
    return Candidate(built, inspections, overlay, _fingerprint(site, built), wanted, bool(given))


def _make(
    site: Site, ledger: Ledger, candidate: Candidate, name: str, clock: Clock
) -> tuple[Release, Report]:
    """Collect, publish, check and run the release commands: all of a release but the switch."""
    inspection = main_of(site.project, candidate.inspections)
    release = Release(
        name,
        candidate.fingerprint,
        candidate.images,
        documents(candidate.inspections),
        utc_now(),
        _who(),
        storage=storage(site),
        revision=identity.revision(site.project.directory),
        release_commands=list(site.project.release_commands),
        seconds=clock.seconds,
    )
    with clock.step("collect"):
        report = collect(site, name, inspection, candidate.overlay)
    with clock.step("publish"):
        staged = pool.read(site.paths, own_hashes(site), verified(storage(site)))
        if _would_replace(site, ledger, name, staged.manifest):
            name = identity.counted(ledger, name, "")
            release = replace(release, id=name)
        published = pool.publish(site.paths, name, compression(site), staged)
    with clock.step("check"):
        say(f"Checking {name}")
        if ledger.current:
            serving.check_before(site, published.manifest)
    with clock.step("release_commands"):
        _release_commands(site, release, inspection, candidate.overlay)
    release = replace(
        release,
        files=published.files,
        new_files=published.new_files,
        new_bytes=published.new_bytes,
        manifest_sha256=_digest(published.manifest),
    )
    notes = list(dict.fromkeys([*inspection.notes, *report.notes]))
    return release, replace(report, notes=notes)


def _would_replace(site: Site, ledger: Ledger, name: str, manifest: Manifest) -> bool:
    """Whether the id is that of a release whose files are others, or that serves right now.

    The same source may be collected otherwise another time; a kept release keeps what it has.
    """
    known = ledger.get(name)
    if known is None:
        current = site.paths.current
        return current.is_symlink() and os.readlink(current) == f"releases/{name}"
    return _digest(manifest) != known.manifest_sha256


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(manifest.text().encode()).hexdigest()


def _who() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("LOGNAME") or "root"


def _fingerprint(site: Site, built: dict[str, str]) -> str:
    """One value for all that decides a release's content: images, and what settings are applied."""
    project = site.project
    inputs = [
        built,
        project.settings_module,
        project.static_url,
        choices(site),
        site.setting("storage_env", "honour_legacy", False),
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def _inspected(
    site: Site, built: dict[str, str], start: bool
) -> tuple[dict[str, str], dict[str, Inspection]]:
    """Start what the Django services need, ask each image, add the packages that it lacks."""
    needed = site.compose.dependencies()
    if needed and start:
        say(f"Starting {', '.join(needed)}")
        site.compose.check(
            "up", "--detach", "--no-recreate", "--wait", "--wait-timeout", "120", *needed
        )
    asking = [one_off_overlay(site, {}, images.CANDIDATE, storage(site))]
    inspections = inspect_images(site.compose, site.paths, built, asking)
    layered = images.add_layers(site, built, inspections)
    if layered != built:
        inspections = inspect_images(site.compose, site.paths, layered, asking)
    return layered, inspections


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
