# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Deleting what no retained release needs: by reachability from the retained manifests alone.

Retained are the current release, the last N, and each that was superseded less than D days ago, as
pages that it rendered may still be open or cached. A manifest or ledger that cannot be read deletes
nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from . import engine
from .compression import VARIANTS, wrong_variants
from .engine import say
from .errors import StowageError
from .gate import digest
from .ledger import Ledger, Release
from .manifest import HASHED, Manifest
from .project import Paths
from .site import Site

KEEP_RELEASES = 3
KEEP_DAYS = 7.0


def retained(ledger: Ledger, releases: int, days: float, now: datetime) -> list[Release]:
    """The releases to keep, in the ledger's order."""
    last = {entry.id for entry in ledger.releases[-releases:]} if releases else set()
    since = now - timedelta(days=days)
    return [
        entry
        for entry in ledger.releases
        if entry.id == ledger.current
        or entry.id in last
        or (entry.superseded_at and _moment(entry.superseded_at) > since)
    ]


def kept(site: Site, ledger: Ledger) -> list[Release]:
    """The releases to keep by what the inventory says."""
    count = int(site.setting("static_files", "keep_releases", KEEP_RELEASES))
    days = float(site.setting("static_files", "keep_days", KEEP_DAYS))
    return retained(ledger, count, days, datetime.now(timezone.utc))


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)


def reachable(paths: Paths, releases: list[Release]) -> set[str]:
    """Names that the releases' manifests name; raises StowageError for a damaged manifest."""
    names: set[str] = set()
    for entry in releases:
        try:
            names |= set(Manifest.load(paths.manifests / f"{entry.id}.json").paths.values())
        except StowageError as error:
            raise StowageError(f"{error}; nothing was deleted") from None
    return names


def _unreachable(pool: Path, names: set[str]) -> list[Path]:
    """Files of the pool, variants included, that `names` does not name."""
    found = []
    for folder, _, files in os.walk(pool):
        for file in files:
            path = Path(folder, file)
            name = str(path.relative_to(pool))
            plain = name[:-3] if name.endswith(VARIANTS) and name not in names else name
            if plain not in names:
                found.append(path)
    return found


def prune(site: Site, dry_run: bool) -> dict[str, Any]:
    """Drop releases that are neither recent nor among the last, and all that only they need."""
    ledger = Ledger.load(site.paths)
    keep = kept(site, ledger)
    gone = [entry for entry in ledger.releases if entry not in keep]
    files = _unreachable(site.paths.pool, reachable(site.paths, keep))
    files += _unreachable(site.paths.plain, _plain(site.paths, keep))
    leftovers = _leftovers(site.paths, {entry.id for entry in keep})
    changed = bool(gone or files or leftovers)
    answer = {
        "changed": changed,
        "pruned": [entry.id for entry in gone],
        "files": len(files),
        "bytes": sum(path.stat().st_size for path in files),
    }
    said = ", ".join(entry.id for entry in gone) or "no release"
    word = "Would drop" if dry_run else "Dropped"
    answer["msg"] = f"{word} {said} and {len(files)} published files."
    if dry_run or not changed:
        return answer
    say("Pruning")
    # The ledger first: whatever is then left over is unreachable, and the next run finds it.
    ledger.releases = keep
    ledger.save(site.paths)
    for path in files:
        path.unlink()
    for place in leftovers:
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()
    _remove_empty_folders(site.paths)
    _remove_images(site, {entry.id for entry in keep})
    return answer


def sweep(site: Site, ledger: Ledger) -> None:
    """Remove what a run that was killed, or a power cut, left damaged among the published files.

    No release names it, so none that serves needs it; the next one would be held up by it.
    """
    if not ledger.releases:
        return  # A lost ledger, perhaps: the files may be all that is left.
    try:
        names, kept_plain = (
            reachable(site.paths, ledger.releases),
            _plain(site.paths, ledger.releases),
        )
    except StowageError:
        return
    found = _unreachable(site.paths.pool, names)
    files = [path for path in found if path.suffix not in VARIANTS]
    damaged = {path for path in files if not _is_whole(path)}
    damaged |= set(wrong_variants(path for path in files if path not in damaged))
    damaged |= {
        path for path in found if path.suffix in VARIANTS and path.with_suffix("") in damaged
    }
    texts = _unreachable(site.paths.plain, kept_plain)
    damaged |= {path for path in texts if digest(path) != path.name}
    for path in damaged:
        path.unlink()


def _is_whole(path: Path) -> bool:
    """Whether a file of the pool holds what its name says; of a name that says nothing, no."""
    match = HASHED.search(path.name)
    return match is not None and digest(path).startswith(match["hash"])


def _plain(paths: Paths, releases: list[Release]) -> set[str]:
    """Names of the files beside the pool that the releases need."""
    names: set[str] = set()
    for entry in releases:
        manifest = Manifest.load(paths.manifests / f"{entry.id}.json")
        names |= {manifest.digests[name] for name in manifest.own_files}
    return names


def _leftovers(paths: Paths, ids: set[str]) -> list[Path]:
    """Release trees and manifests of releases that the ledger does not know any more."""
    found = [place for place in paths.manifests.glob("*.json") if place.stem not in ids]
    if paths.releases.is_dir():
        found += [place for place in paths.releases.iterdir() if place.name not in ids]
    return found


def _remove_empty_folders(paths: Paths) -> None:
    for folder, _, _ in os.walk(paths.pool, topdown=False):
        with contextlib.suppress(OSError):
            if folder != str(paths.pool):
                os.rmdir(folder)


def _remove_images(site: Site, ids: set[str]) -> None:
    """Our tags of other releases; an image that something still uses stays, only untagged."""
    repository = f"stowage/{site.project.name}"
    listed = engine.docker("image", "ls", "--format", "{{.Tag}}", repository).split()
    kept = {"current", *ids}
    kept |= {f"{tag}-{service}" for tag in kept for service in site.project.services}
    for tag in listed:
        if tag not in kept:
            engine.run(["docker", "image", "rm", f"{repository}:{tag}"])
