# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reading back what was published: each file is there and holds what its name promises."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .compression import wrong_variants
from .manifest import Manifest
from .project import Paths


@dataclass(frozen=True)
class Fault:
    """A published file that is not as it was published: its place, its name, and what is wrong."""

    place: Path
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}"


def digest(path: str | Path) -> str:
    """The MD5 of a file: what Django's names are made of, no protection against an attacker."""
    with open(path, "rb") as stream:
        return hashlib.md5(stream.read(), usedforsecurity=False).hexdigest()


def targets(paths: Paths, manifest: Manifest) -> dict[str, Path]:
    """Each name of a release's tree -> the file that it is a link to."""
    pool, plain = paths.pool, paths.plain
    found = {name: pool / hashed for name, hashed in manifest.links.items()}
    found |= {name: plain / manifest.digests[name] for name in manifest.own_files}
    return found


def faults(
    paths: Paths, release: str, manifest: Manifest, decode: Iterable[str] = ()
) -> list[Fault]:
    """What is wrong with a release's files; of the names in `decode` the variants are decoded, too.

    Every file is read. The work is proportional to the release, decoding to `decode`.
    """
    pool, kept = paths.pool, paths.plain
    places = [(pool / name, name) for name in sorted(manifest.pooled)]
    places += [(kept / manifest.digests[name], name) for name in sorted(manifest.own_files)]
    with ThreadPoolExecutor(os.cpu_count() or 2) as threads:
        said = threads.map(lambda place: _fault(place[0], manifest.promise(place[1])), places)
        found = [Fault(place, name, what) for (place, name), what in zip(places, said) if what]
    wrong = {fault.place for fault in found}
    for name, file in wrong_links(paths, release, manifest).items():
        if file not in wrong:
            tree = paths.releases / release
            found.append(Fault(tree / name, name, "is not the file that was published"))
    sound = [path for name in decode if (path := pool / name) not in wrong]
    for variant, what in wrong_variants(sound).items():
        found.append(Fault(variant, str(variant.relative_to(pool)), what))
    return found


def wrong_links(paths: Paths, release: str, manifest: Manifest) -> dict[str, Path]:
    """Names of a release's tree that are not the files which they should be -> those files."""
    tree = paths.releases / release
    return {
        name: file
        for name, file in sorted(targets(paths, manifest).items())
        if not _is_link(tree / name, file)
    }


def _fault(path: Path, promised: str) -> str:
    """What is wrong with one file; '' if nothing is."""
    try:
        if path.is_symlink() or not path.is_file():
            return "is missing" if not path.exists() else "is no plain file"
        if not digest(path).startswith(promised):
            return "has other content than was published"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""


def _is_link(path: Path, target: Path) -> bool:
    try:
        one, other = path.lstat(), target.lstat()
    except FileNotFoundError:
        return False
    return (one.st_ino, one.st_dev) == (other.st_ino, other.st_dev)
