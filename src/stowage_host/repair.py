# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mending published files that rotted on the disk or were touched by hand.

The good copy is collected anew in a container of the release's own image, which is kept with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from . import pool
from .collection import collect, compression, own_hashes, verified
from .compression import VARIANTS
from .engine import say
from .errors import GateError, InputError, StowageError
from .files import write_atomic
from .gate import Fault, digest, faults, wrong_links
from .inspection import main_of
from .ledger import Ledger, Release
from .manifest import Manifest
from .rollback import check_images
from .site import Site
from .switch import one_off_overlay


def repair(site: Site, wanted: str, dry_run: bool) -> dict[str, Any]:
    """Check every file of the release `wanted`, '' for all that are kept, and mend what is wrong.

    Raises GateError for a file that the release's image does not give any more.
    """
    ledger = Ledger.load(site.paths)
    releases = [entry for entry in ledger.releases if wanted in ("", entry.id)]
    if not releases:
        known = ", ".join(entry.id for entry in ledger.releases) or "none"
        raise InputError("RELEASE", wanted, f"no such release; there are {known}")
    mended: dict[str, list[str]] = {}
    failed: list[str] = []
    for release in releases:
        say(f"Checking {release.id}")
        try:
            found = _check(site, release, dry_run)
        except StowageError as error:
            failed.append(str(error))
            continue
        finally:
            pool.clear_staging(site.paths)
        if found:
            mended[release.id] = found
    if (mended or failed) and not dry_run:
        _relink(site, ledger)
    if failed:
        done = f"; mended: {', '.join(mended)}" if mended else ""
        raise GateError("; ".join(failed) + done)
    word = "Would mend" if dry_run else "Mended"
    lines = [f"{word} {name}: {'; '.join(found)}." for name, found in mended.items()]
    return {
        "changed": bool(mended),
        "repaired": mended,
        "msg": "\n".join(lines) or f"All files of {len(releases)} releases are in order.",
    }


def _check(site: Site, release: Release, dry_run: bool) -> list[str]:
    """Mend one release unless `dry_run`; what was wrong with it."""
    said = []
    manifest = _manifest(site, release)
    if manifest is None:
        said.append("its manifest has other content than was published")
        if dry_run:
            return said
        manifest = _mend_manifest(site, release)
    found = faults(site.paths, release.id, manifest, sorted(manifest.pooled))
    tree = site.paths.releases / release.id
    if not dry_run and any(tree not in fault.place.parents for fault in found):
        _mend(site, release, manifest, found)  # else the links of the tree are all that is wrong
    return [*said, *map(str, found)]


def _manifest(site: Site, release: Release) -> Manifest | None:
    """The release's manifest; None where it is not the one that was published."""
    place = site.paths.manifests / f"{release.id}.json"
    try:
        content = place.read_bytes()
        if hashlib.sha256(content).hexdigest() == release.manifest_sha256:
            return Manifest.load(place)
    except (OSError, StowageError):
        pass
    return None


def _collect_anew(site: Site, release: Release) -> pool.Staged:
    """Collect the release's files, all of them, in a container of its own image."""
    check_images(site, release)
    inspections = release.inspected()
    overlay = one_off_overlay(site, inspections, release.id, release.storage)
    collect(site, release.id, main_of(site.project, inspections), overlay, reuse=False)
    return pool.read(site.paths, own_hashes(site), verified(release.storage), with_pool=False)


def _mend_manifest(site: Site, release: Release) -> Manifest:
    """Write the release's manifest anew; it must be the one that the ledger knows."""
    manifest = _collect_anew(site, release).manifest
    text = manifest.text()
    if hashlib.sha256(text.encode()).hexdigest() != release.manifest_sha256:
        raise _other("the manifest", release)
    write_atomic(site.paths.manifests / f"{release.id}.json", text)
    return manifest


def _other(what: str, release: Release) -> GateError:
    return GateError(
        f"{what} of {release.id} cannot be mended: its image gives another one with the present "
        "variables of static_files; release its source anew"
    )


def _mend(site: Site, release: Release, manifest: Manifest, found: list[Fault]) -> None:
    """Collect the release anew and put good copies in place, each by a rename."""
    staged, pooled = _collect_anew(site, release), manifest.pooled
    hashed = sorted({name for fault in found if (name := _base(fault, pooled))})
    own = sorted({fault.name for fault in found} & manifest.own_files)
    for name in [*hashed, *own]:
        _require(site, release, manifest, name, staged.names)
    tree = site.paths.staging / "tree"
    pool.secure(tree)
    pool.pack(tree, hashed, compression(site))
    for name in hashed:
        _replace(tree / name, site.paths.pool / name)
    for name in own:
        _replace(tree / name, site.paths.plain / manifest.digests[name], variants=False)


def _base(fault: Fault, pooled: set[str]) -> str:
    """The name of the file in the pool that a fault is about, its own or its variant's; else ''."""
    if fault.name in pooled:
        return fault.name
    if fault.name.endswith(VARIANTS) and fault.name[:-3] in pooled:
        return fault.name[:-3]
    return ""


def _require(
    site: Site, release: Release, manifest: Manifest, name: str, names: frozenset[str]
) -> None:
    """The new copy of a file is the one that was published."""
    copy = site.paths.staging / "tree" / name
    if name not in names or not digest(copy).startswith(manifest.promise(name)):
        raise _other(name, release)


def _replace(source: Path, place: Path, variants: bool = True) -> None:
    """Put a good copy in the place of a bad one, without a moment in which there is none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    os.replace(source, place)
    for suffix in VARIANTS if variants else ():
        new, old = source.with_name(source.name + suffix), place.with_name(place.name + suffix)
        if new.exists():
            os.replace(new, old)
        else:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()


def _relink(site: Site, ledger: Ledger) -> None:
    """Let the trees of all releases name the pool's present files."""
    for release in ledger.releases:
        manifest = _manifest(site, release) or Manifest()
        for name, file in wrong_links(site.paths, release.id, manifest).items():
            if file.is_file():
                pool.link(file, site.paths.releases / release.id / name)
