# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Collecting a release's static files in a container of its image, into the staging directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import pool
from .compression import Compression
from .engine import say
from .errors import ApplicationError
from .inspection import Inspection, marked
from .oneoff import python_one_off
from .site import Site

MARKER = "STOWAGE-COLLECT:"
STAGING_DIRECTORY = "/var/lib/stowage/staging"
PUBLISHED_DIRECTORY = "/var/lib/stowage/static"


@dataclass(frozen=True)
class Report:
    """What the collector said: `notes` are sentences, `forgiven` references to files that do not
    exist, each as {file, line, reference}."""

    notes: list[str]
    forgiven: list[dict[str, Any]]

    @property
    def warnings(self) -> list[str]:
        """The forgiven references in one sentence; the list is in the answer."""
        if not self.forgiven:
            return []
        first = self.forgiven[0]
        return [
            f"{len(self.forgiven)} references to files that do not exist stay as they are "
            f"(static_files_forgiving_enabled), such as {first['reference']} in {first['file']}, "
            f"line {first['line']}."
        ]


def choices(site: Site) -> dict[str, object]:
    """What the inventory says about collecting, as far as it decides what comes out."""
    return {
        "storage": storage(site),
        "collector": str(site.setting("static_files", "collector", "stowage")),
        "minify": list(site.setting("static_files", "minify", [])),
        "forgiving": bool(site.setting("static_files", "forgiving", False)),
        "own_hashes": list(site.setting("static_files", "own_hashes", [])),
        "compressor_offline": bool(site.setting("static_files", "compressor_offline", False)),
    }


def own_hashes(site: Site) -> list[str]:
    """Globs of names that a bundler has hashed."""
    return list(site.setting("static_files", "own_hashes", []))


def storage(site: Site) -> str:
    """How the inventory wants static files named."""
    return str(site.setting("static_files", "storage", ""))


def verified(storage: str) -> bool:
    """Whether a hash in a name is one of Django's; the project's own storage may make others."""
    return storage != "project"


def compression(site: Site) -> Compression:
    """The levels at which files are compressed."""
    return Compression(**site.setting("static_files", "compression", {}))


def _words(site: Site, reuse: bool) -> list[str]:
    """The collector's command line, without the interpreter."""
    chosen = choices(site)
    words = ["-m", "stowage_django.collect", "--target", STAGING_DIRECTORY]
    words += ["--collector", str(chosen["collector"])]
    if reuse:
        words += ["--published", PUBLISHED_DIRECTORY]
    if minify := site.setting("static_files", "minify", []):
        words += ["--minify", ",".join(minify)]
    if chosen["forgiving"]:
        words.append("--forgiving")
    if globs := own_hashes(site):
        words += ["--own-hashes", *globs]
    return words


def collect(
    site: Site, name: str, inspection: Inspection, overlay: Path, reuse: bool = True
) -> Report:
    """Fill the staging directory for the release `name`.

    With `reuse`, only what the pool lacks is staged. `overlay` gives the container its image.
    Raises ApplicationError with the collector's own words.
    """
    say(f"Collecting static files of {name}")
    pool.prepare_staging(site.paths, inspection.uid, inspection.gid)
    options = ["--volume", f"{site.paths.staging}:{STAGING_DIRECTORY}"]
    for variable, value in (
        ("STOWAGE_PHASE", "collect"),
        ("STOWAGE_STATIC_ROOT", f"{STAGING_DIRECTORY}/tree"),
        ("STOWAGE_RELEASE_ID", name),
        ("RELEASE_ID", name),
    ):
        options += ["--env", f"{variable}={value}"]
    words = _words(site, reuse)
    answer = python_one_off(site, inspection, "collect", words, [overlay], options)
    document = marked(answer.result.stdout, MARKER)
    if answer.result.code or document is None:
        raise ApplicationError(f"the static files cannot be collected:\n{answer.result.tail(15)}")
    notes = [str(note) for note in document.get("notes") or []]
    return Report(notes, list(document.get("forgiven") or []))
