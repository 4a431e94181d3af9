# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A release from end to end: build, collect, publish, release commands, switch.

Until the switch nothing that serves is touched. The switch is announced in a file first; a run that
finds the announcement knows that another one died half-way and puts the former release back.
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

from . import engine, identity, images, overlay, pool
from .compose import service_of
from .engine import say
from .errors import ApplicationError, HealthError, StowageError
from .files import point_symlink, read_json, utc_now, write_atomic, write_json
from .health import wait_for
from .inspection import Inspection, document_of, inspect, marked
from .ledger import Ledger, Release
from .oneoff import one_off, python_one_off
from .overlay import LABEL, image_groups, image_reference
from .wiring import Site, bring_up, check, render, unwire

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


def publish(site: Site, dry_run: bool) -> dict[str, Any]:
    """Make the release that the project's state asks for, unless it is the current one already."""
    check(site)
    given = identity.given(site)
    if dry_run:
        return {"changed": False, "msg": "A release builds the image first; a dry run does not."}
    clock, ledger = Clock(), Ledger.load(site.paths)
    former = ledger.current
    for place in (site.paths.static, site.paths.media, site.paths.scratch):
        place.mkdir(parents=True, exist_ok=True)
    if not site.paths.release_env.exists():
        write_atomic(site.paths.release_env, "")
    with clock.step("build"):
        built = images.make(site)
    with clock.step("inspect"):
        built, inspection = _inspected(site, built)
    draft = _one_off_overlay(site, inspection)
    wanted = given or identity.derive(site, built[site.project.service], inspection, draft)
    fingerprint = _fingerprint(site, built)
    timestamps = (
        not given and site.setting("static_files", "release", {}).get("strategy") == "timestamp"
    )
    if identity.unchanged(ledger, wanted, timestamps, fingerprint):
        return {
            "changed": False,
            "release": ledger.current,
            "msg": f"{ledger.current} serves already.",
        }
    name, word = identity.settle(ledger, wanted, bool(given), fingerprint)
    release = Release(
        name,
        fingerprint,
        built,
        document_of(inspection),
        utc_now(),
        _who(),
        revision=identity.revision(site.project.directory),
        release_commands=list(site.project.release_commands),
        seconds=clock.seconds,
    )
    published, notes = _collect_and_publish(site, release, inspection, draft, clock)
    release = replace(
        release,
        files=published.files,
        new_files=published.new_files,
        new_bytes=published.new_bytes,
        manifest_sha256=published.manifest_sha256,
    )
    with clock.step("release_commands"):
        _release_commands(site, release, inspection, draft)
    with clock.step("switch"):
        switch(site, ledger, release)
    return {
        "changed": True,
        "release": name,
        "former": former,
        "files": release.files,
        "new_files": release.new_files,
        "new_bytes": release.new_bytes,
        "seconds": release.seconds,
        "notes": [*inspection.notes, *notes],
        "warnings": [word] if word else [],
        "msg": f"{name} serves: {release.files} static files, {release.new_files} of them new.",
    }


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


def _one_off_overlay(site: Site, inspection: Inspection | None) -> Path:
    """The overlay for one-off containers of the candidate, in a file of this run."""
    path = site.paths.scratch / ("candidate.yaml" if inspection else "inspect.yaml")
    if inspection:
        text = render(site, inspection, images.CANDIDATE)
    else:
        document = overlay.build(
            site.project,
            site.paths,
            site.compose.config(),
            site.fragments,
            None,
            None,
            images.CANDIDATE,
        )
        text = overlay.text(document, site.project)
    write_atomic(path, text)
    return path


def _inspected(site: Site, built: dict[str, str]) -> tuple[dict[str, str], Inspection]:
    """Start what the Django services depend on, ask the image, add the packages that it lacks."""
    needed = site.compose.dependencies()
    if needed:
        say(f"Starting {', '.join(needed)}")
        site.compose.check(
            "up", "--detach", "--no-recreate", "--wait", "--wait-timeout", "120", *needed
        )
    asking = [_one_off_overlay(site, None)]
    inspection = inspect(site.compose, site.paths, built[site.project.service], asking)
    lacking = images.missing(list(site.setting("storage_env", "packages", [])), inspection)
    if lacking:
        built = images.add_layer(site, built, lacking, inspection)
        inspection = inspect(site.compose, site.paths, built[site.project.service], asking)
    return built, inspection


def _collect_and_publish(
    site: Site, release: Release, inspection: Inspection, draft: Path, clock: Clock
) -> tuple[pool.Published, list[str]]:
    """Collect in a container of the new image and publish what came out."""
    with clock.step("collect"):
        notes = _collect(site, release, inspection, draft)
    with clock.step("publish"):
        say(f"Publishing {release.id}")
        level = pool.Compression(**site.setting("static_files", "compression", {}))
        own = site.setting("static_files", "storage", "") == "project"
        published = pool.publish(site.paths, release.id, level, verify=not own)
        shutil.rmtree(site.paths.staging)
    return published, notes


def _collect(site: Site, release: Release, inspection: Inspection, draft: Path) -> list[str]:
    say(f"Collecting static files of {release.id}")
    pool.prepare_staging(site.paths, inspection.uid, inspection.gid)
    options = [
        "--volume",
        f"{site.paths.staging}:{STAGING_DIRECTORY}",
        "--env",
        "STOWAGE_PHASE=collect",
        "--env",
        f"STOWAGE_STATIC_ROOT={STAGING_DIRECTORY}/tree",
        "--env",
        f"STOWAGE_RELEASE_ID={release.id}",
        "--env",
        f"RELEASE_ID={release.id}",
    ]
    words = ["-m", "stowage_django.collect", "--target", STAGING_DIRECTORY]
    answer = python_one_off(site, inspection, "collect", words, [draft], options)
    document = marked(answer.result.stdout, COLLECT_MARKER)
    if answer.result.code or document is None:
        raise ApplicationError(f"the static files cannot be collected:\n{answer.result.tail(15)}")
    return [str(note) for note in document.get("notes") or []]


def _release_commands(site: Site, release: Release, inspection: Inspection, draft: Path) -> None:
    """Run the project's release commands in the new image, before it serves."""
    for command in release.release_commands:
        say(f"Running {command}")
        options = ["--env", f"STOWAGE_RELEASE_ID={release.id}", "--env", f"RELEASE_ID={release.id}"]
        words = identity.words_of(command)
        answer = one_off(site, inspection, "command", words, [draft], options)
        if answer.result.code:
            raise ApplicationError(
                f"django_project_release_commands: {command!r} failed with exit code "
                f"{answer.result.code}; the former release serves on:\n{answer.result.tail(15)}"
            )


def activate(site: Site, release: Release) -> str:
    """Point image tags, release.env and the symlink at `release`; return its overlay's text."""
    groups = image_groups(site.project.services, site.compose.config())
    for builder, image in release.images.items():
        if builder in groups.values():
            engine.docker("tag", image, image_reference(site.project, builder, release.id))
            engine.docker("tag", image, image_reference(site.project, builder, "current"))
    write_atomic(
        site.paths.release_env, f"RELEASE_ID='{release.id}'\nSTOWAGE_RELEASE_ID='{release.id}'\n"
    )
    point_symlink(site.paths.current, f"releases/{release.id}")
    return render(site, release.inspected())


def switch(site: Site, ledger: Ledger, release: Release) -> None:
    """Let `release` serve; put the former one back where it does not become healthy.

    Raises HealthError or EngineError, with the former release serving again.
    """
    former = ledger.serving
    unwired = _running_unwired(site)
    say(f"Switching to {release.id}")
    write_json(site.paths.intent, {"from": former.id if former else "", "to": release.id})
    try:
        bring_up(site, release.inspected(), activate(site, release))
        wait_for(site.compose, site.nginx_service)
    except StowageError as error:
        raise _put_back(site, former, unwired, error) from None
    ledger.record(release)
    ledger.save(site.paths)
    site.paths.intent.unlink()


def _running_unwired(site: Site) -> list[str]:
    """Django services that run without the overlay: the site as it was before the first release."""
    return sorted(
        {
            service_of(container)
            for container in site.compose.containers(*site.project.services)
            if LABEL not in (container["Config"]["Labels"] or {})
        }
    )


def _put_back(
    site: Site, former: Release | None, unwired: list[str], error: StowageError
) -> StowageError:
    """Restore what served before; the error then says both what failed and what serves."""
    try:
        if former is not None:
            say(f"Putting {former.id} back")
            bring_up(site, former.inspected(), activate(site, former))
            wait_for(site.compose, site.nginx_service)
            serves = f"{former.id} serves again"
        else:
            serves = _take_back_first(site, unwired)
    except StowageError as second:
        return HealthError(f"{error}\nPutting the former release back failed, too: {second}")
    site.paths.intent.unlink()
    kind = type(error) if isinstance(error, HealthError) else StowageError
    return kind(f"{error}\nThe release was not made: {serves}.")


def _take_back_first(site: Site, unwired: list[str]) -> str:
    """Undo a first release: the project runs without the overlay again, or not at all."""
    site.compose.run(
        "rm",
        "--stop",
        "--force",
        *site.project.services,
        *filter(None, [site.nginx_service]),
        overlays=[site.paths.overlay],
    )
    unwire(site)
    with contextlib.suppress(FileNotFoundError):
        site.paths.current.unlink()
    if not unwired:
        return "there is no former release, nothing is running"
    site.compose.check("up", "--detach", "--no-build", "--no-deps", *unwired)
    return "the project runs as it did before"


def recover(site: Site) -> str:
    """Undo a switch that a killed run left half done; return a word about it, or ''.

    Files and tags are put back here; the run that found it then starts what they say.
    """
    intent = read_json(site.paths.intent)
    if intent is None:
        return ""
    former = Ledger.load(site.paths).get(intent["from"])
    if former is not None:
        write_atomic(site.paths.overlay, activate(site, former))
    else:
        unwire(site)
    site.paths.intent.unlink()
    return f"A switch to {intent['to']} was left half done and has been undone."
