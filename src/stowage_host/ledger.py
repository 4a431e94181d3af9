# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger: which releases there are, of what they were made, and which one is current."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .errors import InputError, StowageError
from .files import read_json, write_json
from .inspection import Inspection
from .project import Paths

PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A release id is a file name, an image tag and a value in an env file."""
NO_IDENTITY = {"", "unknown", "none", "null", "undefined", "latest", "head", "current", "candidate"}
"""What functions answer when they could not determine anything; two releases would share a name."""


def check_id(variable: str, value: str) -> str:
    """The id, if it is a plain name that identifies something; raises InputError."""
    if value.lower() in NO_IDENTITY:
        raise InputError(variable, value, "names nothing; give an id that is this release's own")
    if not PLAIN_NAME.fullmatch(value):
        raise InputError(
            variable,
            value,
            "is no plain name: letters, digits, dots, dashes and underscores, 64 at most",
        )
    return value


@dataclass(frozen=True)
class Release:
    """One release: `images` maps the building service to the image's id; sizes are in bytes.
    `storage` is how its static files are named, a choice of static_files_storage.

    `superseded_at` is when another release took its place, '' while it serves.
    """

    id: str
    fingerprint: str
    images: dict[str, str]
    inspections: dict[str, dict[str, Any]]
    released_at: str
    released_by: str
    storage: str = ""
    revision: str = ""
    files: int = 0
    new_files: int = 0
    new_bytes: int = 0
    manifest_sha256: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    release_commands: list[str] = field(default_factory=list)
    superseded_at: str = ""

    def inspected(self) -> dict[str, Inspection]:
        """What each image of the release said of itself, by the service that built it."""
        return {
            builder: Inspection.from_document(document, document["entrypoint"])
            for builder, document in self.inspections.items()
        }


@dataclass
class Ledger:
    """Releases in the order in which they were made; `current` is the id that serves, or ''."""

    current: str = ""
    releases: list[Release] = field(default_factory=list)

    @classmethod
    def load(cls, paths: Paths) -> Ledger:
        """Read the ledger, empty where there is none; raises StowageError for a damaged one."""
        try:
            document = read_json(paths.ledger)
            if document is None:
                return cls()
            return cls(document["current"], [Release(**entry) for entry in document["releases"]])
        except (ValueError, KeyError, TypeError) as error:
            raise StowageError(
                f"{paths.ledger} cannot be read ({error}); nothing was changed. "
                "Restore it from a backup"
            ) from None

    def document(self) -> dict[str, Any]:
        """The ledger as it stands in its file."""
        return {"current": self.current, "releases": [asdict(entry) for entry in self.releases]}

    def save(self, paths: Paths) -> None:
        """Write the ledger, whole or not at all."""
        write_json(paths.ledger, self.document())

    def get(self, release: str) -> Release | None:
        """The release of that id."""
        return next((entry for entry in self.releases if entry.id == release), None)

    @property
    def serving(self) -> Release | None:
        """The current release."""
        return self.get(self.current)

    def switch_to(self, release: Release, now: str) -> None:
        """Make `release` the current one; a new one becomes the last entry, a known one stays."""
        if release not in self.releases:
            self.releases = [entry for entry in self.releases if entry.id != release.id] + [release]
        former, self.current = self.current, release.id
        self.releases = [
            replace(entry, superseded_at="")
            if entry.id == self.current
            else replace(entry, superseded_at=now)
            if entry.id == former
            else entry
            for entry in self.releases
        ]

    def before(self, release: str) -> Release | None:
        """The release that was made before the one of that id."""
        ids = [entry.id for entry in self.releases]
        place = ids.index(release) if release in ids else 0
        return self.releases[place - 1] if place else None
