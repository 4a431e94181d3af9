# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a release is called: given by the user, or derived by a strategy.

A strategy that cannot determine anything is an error: two releases that share a name would share
a manifest.
"""

from __future__ import annotations

import shlex
from datetime import datetime, timezone
from pathlib import Path

from . import engine
from .errors import ApplicationError, InputError
from .inspection import Inspection
from .ledger import Ledger, check_id
from .oneoff import python_one_off
from .site import Site

MARKER = "STOWAGE-RELEASE-ID:"
STRATEGY = "static_files_release_strategy"


def derive(site: Site, image: str, inspection: Inspection, overlay: Path) -> str:
    """The id by the project's strategy, for the image of that id.

    Raises InputError where it cannot be determined or is no plain name.
    """
    strategy = str(_setting(site, "strategy", "image_digest"))
    if strategy == "image_digest":
        return image.split(":")[-1][:12]
    if strategy == "timestamp":
        return datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    if strategy == "git_revision":
        return check_id(STRATEGY, revision(site.project.directory) or _no_revision(site))
    if strategy == "image_tag":
        return check_id(STRATEGY, _image_tag(site))
    return _by_function(site, inspection, overlay)


def _setting(site: Site, key: str, default: str) -> object:
    release = site.setting("static_files", "release", {})
    return release.get(key) or default


def given(site: Site) -> str:
    """The id that the user gave, checked; '' where a strategy derives it."""
    value = str(_setting(site, "id", ""))
    return check_id("static_files_release_id", value) if value else ""


def revision(directory: str) -> str:
    """The checkout's git revision, 12 digits; '' where there is none."""
    words = ["git", "-c", "safe.directory=*", "-C", directory, "rev-parse", "--short=12", "HEAD"]
    result = engine.run(words)
    return result.stdout.strip() if result.code == 0 else ""


def _no_revision(site: Site) -> str:
    raise InputError(
        STRATEGY,
        "git_revision",
        f"{site.project.directory} is no git checkout with a commit (or git is not installed); "
        "choose another strategy or give static_files_release_id",
    )


def _image_tag(site: Site) -> str:
    reference = str(site.compose.service(site.project.service).get("image") or "")
    name, _, tag = reference.rpartition("/")[2].partition(":")
    if not name or not tag or tag == "latest":
        raise InputError(
            STRATEGY,
            "image_tag",
            f"the service {site.project.service} has no image with a tag of its own "
            f"({reference or 'none'})",
        )
    return tag.split("@")[0]


def _by_function(site: Site, inspection: Inspection, overlay: Path) -> str:
    variable, dotted = "static_files_release_function", str(_setting(site, "function", ""))
    module, _, name = dotted.rpartition(".")
    if not module or not all(part.isidentifier() for part in dotted.split(".")):
        raise InputError(
            variable, dotted, "is no dotted path of a function, such as shop.release.identity"
        )
    code = (
        f"import importlib; print({MARKER!r} + str(importlib.import_module({module!r}).{name}()))"
    )
    answer = python_one_off(site, inspection, "identity", ["-c", code], [overlay])
    for line in answer.result.stdout.splitlines():
        if line.startswith(MARKER):
            return check_id(variable, line[len(MARKER) :].strip())
    raise ApplicationError(f"{variable}: {dotted} failed in the container:\n{answer.result.tail()}")


def settle(ledger: Ledger, wanted: str, is_given: bool, fingerprint: str) -> tuple[str, str]:
    """The id to use, and a word about it where it is not the wanted one.

    A given id that was used for other content is refused; a derived one gets a counted suffix.
    """
    used = ledger.get(wanted)
    if used is None or used.fingerprint == fingerprint:
        return wanted, ""
    if is_given:
        raise InputError(
            "static_files_release_id",
            wanted,
            f"was used for other content on {used.released_at}; give this release an id of its own",
        )
    name = counted(ledger, wanted, fingerprint)
    return name, f"{wanted} was used for other content; this release is {name}."


def counted(ledger: Ledger, wanted: str, fingerprint: str) -> str:
    """The id with the first number that no other content has."""
    number = 2
    while (used := ledger.get(f"{wanted}-{number}")) and used.fingerprint != fingerprint:
        number += 1
    return f"{wanted}-{number}"


def unchanged(site: Site, ledger: Ledger, wanted: str, fingerprint: str) -> bool:
    """Whether the current release is this one already, by identity and by content.

    A timestamp is another one each time: there the content alone decides.
    """
    serving = ledger.serving
    if serving is None or serving.fingerprint != fingerprint:
        return False
    if not given(site) and _setting(site, "strategy", "image_digest") == "timestamp":
        return True
    stem, _, number = serving.id.rpartition("-")
    return serving.id == wanted or (stem == wanted and number.isdigit())


def rolled_back(ledger: Ledger, fingerprint: str) -> str:
    """The id of a release of this content that is later than the current one; '' if none is."""
    ids = [entry.id for entry in ledger.releases]
    later = ledger.releases[ids.index(ledger.current) + 1 :] if ledger.current in ids else []
    return next((entry.id for entry in later if entry.fingerprint == fingerprint), "")


def words_of(command: str) -> list[str]:
    """A release command as words; raises InputError for quotes that do not close."""
    try:
        return shlex.split(command)
    except ValueError as error:
        raise InputError(
            "django_project_release_commands", command, f"cannot be read: {error}"
        ) from None
