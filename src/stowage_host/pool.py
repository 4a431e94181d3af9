# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Publishing what a container collected: staging directory -> pool and release tree.

The container wrote the staging directory, so nothing in it is trusted: names and types are checked
before anything becomes public. The pool only grows here; a file in it is never written again.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import posixpath
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import GateError
from .files import write_atomic
from .project import Paths

HASHED = re.compile(r"\.(?P<hash>[0-9a-f]{12})(?:\.[^./]+)?$")
"""The end of a name that Django's manifest storages give."""
VARIANTS = (".gz", ".br")
PACKED = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|jxl|zip|gz|tgz|bz2|xz|zst|br|7z|woff2?|mp[34]|m4[av]|mov|webm|avi|ogg|opus|flac|pdf)$",
    re.IGNORECASE,
)
"""Kinds of file that are compressed already."""
LONGEST_NAME_BYTES = 240
"""So that the name still has room for `.gz` and a temporary suffix in 255 bytes."""


@dataclass(frozen=True)
class Compression:
    """Levels of gzip (1-9) and brotli (0-11); 0 for gzip and -1 for brotli is off."""

    gzip_level: int = 9
    brotli_level: int = 11
    least_saving: float = 0.05


@dataclass(frozen=True)
class Published:
    """What a publication brought: files of the release, files and bytes new in the pool."""

    files: int
    new_files: int
    new_bytes: int
    manifest_sha256: str


def _walk(directory: Path, prefix: str = "") -> Iterator[str]:
    """Relative names of all files below `directory`; raises GateError for what is no plain file."""
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda item: item.name):
            name = f"{prefix}{entry.name}"
            if not entry.name.isprintable() or "\\" in entry.name:
                raise GateError(
                    f"static file {name!r}: its name has characters that no URL can carry"
                )
            if len(os.fsencode(entry.name)) > LONGEST_NAME_BYTES:
                raise GateError(
                    f"static file {name!r}: its name is longer than {LONGEST_NAME_BYTES} bytes"
                )
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{name}/")
            elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                yield name
            else:
                raise GateError(
                    f"static file {name!r} is no plain file (a link or a device): not published"
                )


def read_manifest(path: Path, names: set[str]) -> dict[str, str]:
    """The manifest's `paths`, each checked to name a file of the tree; empty where there is none.

    Raises GateError for a damaged manifest, or one that names files outside of the tree.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return {}
    if not stat.S_ISREG(status.st_mode):
        raise GateError("the manifest in the staging directory is no plain file: not published")
    try:
        entries: Any = json.loads(path.read_text(encoding="utf-8"))["paths"]
        manifest = {str(name): str(hashed) for name, hashed in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GateError(f"the manifest cannot be read: {error}") from None
    for name, hashed in manifest.items():
        for value in (name, hashed):
            if value != posixpath.normpath(value) or value.startswith(("/", "../")):
                raise GateError(
                    f"the manifest names {value!r}, which is outside of the static files"
                )
        if hashed not in names:
            raise GateError(
                f"the manifest names {hashed!r} for {name!r}, but no such file was collected"
            )
    return manifest


def check_hashes(tree: Path, hashed_names: set[str]) -> None:
    """Each hash in a name is the MD5 of the content, as Django computes it; raises GateError."""
    for name in sorted(hashed_names):
        match = HASHED.search(name)
        if match is None:
            continue
        digest = hashlib.md5((tree / name).read_bytes(), usedforsecurity=False).hexdigest()
        if not digest.startswith(match["hash"]):
            raise GateError(f"static file {name!r}: its content is not what its name promises")


def _brotli(source: Path, quality: int) -> bytes:
    """The file as the program brotli packs it."""
    words = ["brotli", f"--quality={quality}", "--stdout", "--", str(source)]
    try:
        done = subprocess.run(words, capture_output=True, check=False)
    except FileNotFoundError:
        raise GateError(
            "the program brotli is not installed: run the role host_tools, "
            "or set static_files_brotli_level to -1"
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise GateError(f"brotli failed on {source.name}: {said}")
    return done.stdout


def _compress(source: Path, level: Compression) -> None:
    """Write `.gz` and `.br` beside `source` where they save enough."""
    data = source.read_bytes()
    most = len(data) * (1 - level.least_saving)
    packed = {}
    if level.gzip_level:
        packed[".gz"] = gzip.compress(data, level.gzip_level, mtime=0)
    if level.brotli_level >= 0:
        packed[".br"] = _brotli(source, level.brotli_level)
    for suffix, content in packed.items():
        if len(content) <= most:
            source.with_name(source.name + suffix).write_bytes(content)


def compress_new(tree: Path, names: list[str], level: Compression) -> None:
    """Compress files of the staging tree in parallel: zlib and brotli run beside each other."""
    wanted = [
        name
        for name in names
        if not PACKED.search(name)
        and not any((tree / (name + suffix)).exists() for suffix in VARIANTS)
    ]
    with ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        list(threads.map(lambda name: _compress(tree / name, level), wanted))


def _secure(tree: Path) -> None:
    """Take the staging tree from the container's user; everyone may read it."""
    uid, gid = os.geteuid(), os.getegid()
    for folder, _, files in os.walk(tree):
        os.chown(folder, uid, gid)
        os.chmod(folder, 0o755)
        for name in files:
            os.chown(os.path.join(folder, name), uid, gid, follow_symlinks=False)
            os.chmod(os.path.join(folder, name), 0o644)


def _link_into_pool(tree: Path, pool: Path, name: str) -> int:
    """Add one hashed file to the pool, its variants first; return the bytes that are new.

    A file that stands in the pool stays; the release's copy becomes a link to it.
    """
    target = pool / name
    target.parent.mkdir(parents=True, exist_ok=True)
    added = 0
    for suffix in (*VARIANTS, ""):
        source, place = tree / (name + suffix), target.with_name(target.name + suffix)
        with contextlib.suppress(FileNotFoundError):
            try:
                os.link(source, place)
                added += source.stat().st_size
            except FileExistsError:
                source.unlink()
                os.link(place, source)
    return added


def publish(paths: Paths, release: str, level: Compression, verify: bool = True) -> Published:
    """Publish the staging directory as `release`: pool, release tree and manifest.

    Nothing public refers to the release before `current` does. Raises GateError, having
    published nothing, for anything in the staging directory that is not fit to be served.
    `verify` is off for a storage of the project's own, whose hashes may be of another kind.
    """
    tree, source = paths.staging / "tree", paths.staging / "manifest.json"
    names = set(_walk(tree))
    manifest = read_manifest(source, names)
    hashed = set(manifest.values())
    if verify:
        check_hashes(tree, hashed)
    _secure(tree)
    paths.pool.mkdir(parents=True, exist_ok=True)
    immutable = sorted(name for name in hashed if HASHED.search(name))
    new = [name for name in immutable if not (paths.pool / name).exists()]
    compress_new(tree, new, level)
    added = sum(_link_into_pool(tree, paths.pool, name) for name in immutable)
    _replace_tree(tree, paths.releases / release)
    text = json.dumps(
        {"paths": dict(sorted(manifest.items())), "version": "1.1", "hash": ""}, indent=1
    )
    _write_manifest(paths, release, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Published(len(names), len(new), added, digest)


def _replace_tree(tree: Path, place: Path) -> None:
    """Move the staged tree to its place; one that a killed run left there makes way."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    os.rename(tree, place)


def _write_manifest(paths: Paths, release: str, text: str) -> None:
    write_atomic(paths.manifests / f"{release}.json", text)


def prepare_staging(paths: Paths, uid: int, gid: int) -> None:
    """An empty staging directory that the container's user may write."""
    if paths.staging.exists():
        shutil.rmtree(paths.staging)
    paths.staging.mkdir(parents=True)
    (paths.staging / "tree").mkdir()
    for place in (paths.staging / "tree", paths.staging):
        os.chown(place, uid, gid)
