# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publishing what a container collected: staging directory -> pool and release tree.

The container wrote the staging directory, so nothing in it is trusted: names and types are checked
before anything becomes public. The pool only grows here; a file in it is never written again. What
the pool has already is not staged: the manifest alone names it.
"""

from __future__ import annotations

import contextlib
import fnmatch
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import gate
from .compression import VARIANTS, Compression, compress, wrong_variants
from .engine import run, say
from .errors import GateError, StowageError
from .files import write_atomic
from .manifest import HASHED, Manifest, collected, is_safe, read_document
from .project import Paths

LONGEST_NAME_BYTES = 240
"""So that the name still has room for `.gz` and a temporary suffix in 255 bytes."""
MOST_LEVELS = 64
OWN_HASHES = "static_files_own_hashes"


@dataclass(frozen=True)
class Staged:
    """What a container collected, checked: names in the staging tree and what they stand for.

    `new` are the names that the pool does not have yet.
    """

    names: frozenset[str]
    manifest: Manifest
    new: tuple[str, ...]


@dataclass(frozen=True)
class Published:
    """What a publication brought: files of the release, files and bytes new in the pool."""

    files: int
    new_files: int
    new_bytes: int
    manifest: Manifest


def read(
    paths: Paths, own_hashes: Sequence[str] = (), verify: bool = True, with_pool: bool = True
) -> Staged:
    """Close the staging directory and check it; nothing is published.

    `own_hashes` are the globs of names that somebody else hashed. `verify` is off for a storage of
    the project's own, whose hashes may be of another kind. Without `with_pool` nothing counts that
    is in the pool. Raises GateError for anything that is not fit to be served.
    """
    tree, pool = paths.staging / "tree", paths.pool
    _take(paths)
    names = frozenset(_walk(tree))
    said = collected(paths.staging / "manifest.json")
    pairs = dict(said.paths)
    if not any(name != hashed for name, hashed in pairs.items()):
        # No storage has hashed anything: what carries a hash of its maker's is kept all the same.
        pairs |= {name: name for name in names if _matches(name, own_hashes)}
    own = frozenset(
        hashed
        for name, hashed in pairs.items()
        if name == hashed and (HASHED.search(name) or _matches(name, own_hashes))
    )
    manifest = Manifest(pairs, own)
    pooled = manifest.pooled
    for name, hashed in pairs.items():
        _check_length(name)
        there = hashed in pooled and with_pool and _is_file(pool / hashed)
        if hashed not in names and not there:
            raise GateError(
                f"the manifest names {hashed!r} for {name!r}, but no such file was collected"
            )
    _check_contents(paths, manifest, names, verify, with_pool)
    digests = _digests(paths, manifest, names, verify)
    for name in said.plain.keys() - names - pooled:
        digests[name] = said.plain[name]
        if not (with_pool and _is_file(paths.plain / said.plain[name])):
            raise GateError(f"no text was collected for {name!r}, and there is none of its MD5")
    new = [name for name in pooled & names if not with_pool or not (pool / name).exists()]
    return Staged(names, Manifest(pairs, own, digests, said.compressor), tuple(sorted(new)))


def _digests(
    paths: Paths, manifest: Manifest, names: frozenset[str], verify: bool
) -> dict[str, str]:
    """The MD5 of each file whose name does not tell it.

    Taken from the staging directory, as the container that wrote it has ended. A name that stands
    for a file of the pool and has the same content is no file of its own, but a link.
    """
    pooled, tree = manifest.pooled, paths.staging / "tree"
    found = {
        name: gate.digest(tree / name)
        for name in sorted(names)
        if not (name.endswith(VARIANTS) and name[:-3] in pooled)
    }
    for name in manifest.own_hashes - names:
        found[name] = gate.digest(paths.pool / name)
    known = Manifest(manifest.paths, manifest.own_hashes, found)
    links = {
        name
        for name, hashed in manifest.paths.items()
        if name in found and name not in pooled and hashed in pooled
        if found[name].startswith(known.promise(hashed) or "none")
    }
    elsewhere = links | (pooled - manifest.own_hashes if verify else set())
    return {name: digest for name, digest in found.items() if name not in elsewhere}


def _take(paths: Paths) -> None:
    """Close the staging directory to the user that wrote it; its tree must be a folder itself.

    A link in its place would lead all that follows to other files of the server.
    """
    if not stat.S_ISDIR(paths.staging.lstat().st_mode):
        raise GateError(f"{paths.staging} is no directory: not published")
    os.chown(paths.staging, os.geteuid(), os.getegid())
    os.chmod(paths.staging, 0o700)
    tree = paths.staging / "tree"
    if not (os.path.lexists(tree) and stat.S_ISDIR(tree.lstat().st_mode)):
        raise GateError("the staging directory has no tree of its own: not published")


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for glob in globs)


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _walk(directory: Path, prefix: str = "") -> Iterator[str]:
    """Relative names of all files below `directory`; raises GateError for what is no plain file."""
    if prefix.count("/") > MOST_LEVELS:
        raise GateError(f"static files lie more than {MOST_LEVELS} folders deep: not published")
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            name = f"{prefix}{entry.name}"
            if not is_safe(entry.name):
                raise GateError(
                    f"static file {name!r}: its name has characters that no URL can carry"
                )
            _check_length(name)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{name}/")
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                yield name
            else:
                raise GateError(
                    f"static file {name!r} is no plain file (a link or a device): not published"
                )


def _check_length(name: str) -> None:
    if any(len(os.fsencode(part)) > LONGEST_NAME_BYTES for part in name.split("/")):
        raise GateError(f"static file {name!r}: its name is longer than {LONGEST_NAME_BYTES} bytes")


def _check_contents(
    paths: Paths, manifest: Manifest, names: frozenset[str], verify: bool, with_pool: bool
) -> None:
    """Each hash in a staged name is the MD5 of its content, as Django computes it, and no name of
    the pool gets other content; raises GateError."""
    for name in sorted(manifest.pooled & names):
        content = gate.digest(paths.staging / "tree" / name)
        match = HASHED.search(name)
        ours = verify and name not in manifest.own_hashes and match is not None
        if ours and match is not None and not content.startswith(match["hash"]):
            raise GateError(f"static file {name!r}: its content is not what its name promises")
        place = paths.pool / name
        if with_pool and not ours and place.exists() and gate.digest(place) != content:
            remedy = (
                f"take it out of {OWN_HASHES}"
                if name in manifest.own_hashes
                else "set static_files_storage to release_manifest in place of project"
            )
            raise GateError(
                f"static file {name!r} was published before with other content, which browsers "
                f"may keep for a year: give it a name with a hash of its content, or {remedy}"
            )


def publish(paths: Paths, release: str, level: Compression, staged: Staged) -> Published:
    """Publish the staging directory as `release`: pool, release tree and manifest.

    Nothing public refers to the release before `current` does. Raises GateError where what was
    published is not what is read back.
    """
    tree, manifest = paths.staging / "tree", staged.manifest
    secure(tree)
    paths.pool.mkdir(parents=True, exist_ok=True)
    say(f"Compressing {len(staged.new)} files")
    pack(tree, staged.new, level)
    # Before anything has its name: else a power cut could leave names without content.
    _sync(paths)
    say(f"Publishing {release}")
    added = sum(_move_into_pool(tree, paths.pool, name) for name in staged.new)
    for name in (manifest.pooled & staged.names) - set(staged.new):
        _drop(tree / name)
    for name in staged.names & manifest.own_files:
        keep(tree / name, paths.plain / manifest.digests[name])
    targets = gate.targets(paths, manifest)
    for name, file in targets.items():
        link(file, tree / name)
    _replace_tree(tree, paths.releases / release)
    write_atomic(paths.manifests / f"{release}.json", manifest.text())
    _sync(paths)
    read_back(paths, release, manifest, staged.new)
    _keep_memory(paths)
    return Published(len(targets), len(staged.new), added, manifest)


def _sync(paths: Paths) -> None:
    """Have the disk hold what was written; raises StowageError where it does not."""
    result = run(["sync", "--file-system", str(paths.static)])
    if result.code:
        raise StowageError(f"{paths.static} cannot be written to the disk: {result.tail(2)}")


def pack(tree: Path, names: Sequence[str], level: Compression) -> None:
    """Compress files of the staging tree; the container may have brought variants of its own.

    Raises GateError for one that does not decode to its file.
    """
    files = [tree / name for name in names]
    compress(files, level)
    for variant, what in wrong_variants(files).items():
        raise GateError(f"static file {str(variant.relative_to(tree))!r} {what}")


def read_back(paths: Paths, release: str, manifest: Manifest, new: Sequence[str]) -> None:
    """Raise GateError where a file of the release is not what it has to be."""
    found = gate.faults(paths, release, manifest)
    if not found:
        return
    known = set(new)
    old = [fault for fault in found if fault.name not in known]
    remedy = f"; run `stowage -p {paths.name} static repair`, then release again" if old else ""
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    raise GateError(
        "published files are not in order: " + "; ".join(map(str, found[:5])) + more + remedy
    )


def secure(tree: Path) -> None:
    """Take the staging tree from the container's user; everyone may read it."""
    uid, gid = os.geteuid(), os.getegid()
    for folder, _, files in os.walk(tree):
        os.chown(folder, uid, gid)
        os.chmod(folder, 0o755)
        for name in files:
            os.chown(os.path.join(folder, name), uid, gid, follow_symlinks=False)
            os.chmod(os.path.join(folder, name), 0o644)


def _drop(source: Path) -> None:
    """Remove a staged file that stands in the pool already, with variants that nobody checked."""
    for suffix in (*VARIANTS, ""):
        with contextlib.suppress(FileNotFoundError):
            source.with_name(source.name + suffix).unlink()


def _move_into_pool(tree: Path, pool: Path, name: str) -> int:
    """Move one new file to the pool, its checked variants first; return the bytes that are new."""
    target = pool / name
    target.parent.mkdir(parents=True, exist_ok=True)
    added = 0
    for suffix in (*VARIANTS, ""):
        source, place = tree / (name + suffix), target.with_name(target.name + suffix)
        with contextlib.suppress(FileNotFoundError):
            os.replace(source, place)
            added += place.stat().st_size
    return added


def keep(source: Path, place: Path) -> None:
    """Give a file a name by its content, unless there is one."""
    place.parent.mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.link(source, place)


def link(source: Path, place: Path) -> None:
    """Make `place` a hard link to `source`, in the place of what may be there."""
    try:
        os.link(source, place)
    except FileNotFoundError:
        place.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, place)
    except FileExistsError:
        temporary = place.with_name(f".{place.name[:200]}.new")
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        os.link(source, temporary)
        os.replace(temporary, place)
        # A rename onto another link to the same file does nothing, and leaves both names.
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _replace_tree(tree: Path, place: Path) -> None:
    """Move the staged tree to its place; one that a killed run left there makes way."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    os.rename(tree, place)


def _keep_memory(paths: Paths) -> None:
    """Keep what the collector wants to remember; the server never reads it itself."""
    with contextlib.suppress(GateError):  # worth a little time of the next run, no failure
        source = paths.staging / "memory.json"
        document: Any = read_document(source, "the collector's memory")
        if document is not None:
            write_atomic(paths.collected, source.read_text(encoding="utf-8"))


def prepare_staging(paths: Paths, uid: int, gid: int) -> None:
    """An empty staging directory that the container's user may write."""
    clear_staging(paths)
    paths.staging.mkdir(parents=True)
    (paths.staging / "tree").mkdir()
    for place in (paths.staging / "tree", paths.staging):
        os.chown(place, uid, gid)


def clear_staging(paths: Paths) -> None:
    """Remove the staging directory with all that a container left in it, however deep."""
    if os.path.lexists(paths.staging):
        result = run(["rm", "-rf", "--", str(paths.staging)])
        if result.code:
            raise StowageError(f"{paths.staging} cannot be removed: {result.tail(2)}")
