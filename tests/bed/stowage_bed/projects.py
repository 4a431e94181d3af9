"""The repository's Django projects: what their images are built from, and how they are copied."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import IO

from stowage_bed.docker import BedError, run

ROOT = Path(__file__).resolve().parents[3]
"""The repository."""

BUILD_INPUTS = ("Dockerfile*", ".dockerignore", "requirements*", "pyproject.toml", "*.lock")
"""Names of files that decide about a project's costly layers: packages of Debian and of PyPI."""

UNWANTED = {".git", ".venv", "__pycache__", "node_modules"}


def projects() -> list[Path]:
    """Return demo/ and each folder of tests/projects/ that has a Dockerfile, sorted."""
    folders = [ROOT / "demo", *sorted((ROOT / "tests" / "projects").glob("*/"))]
    return [folder for folder in folders if dockerfiles(folder)]


def dockerfiles(folder: Path) -> list[Path]:
    """Return the project's Dockerfiles, relative to its folder."""
    return [path for path in files(folder) if path.name.startswith("Dockerfile")]


def files(folder: Path) -> list[Path]:
    """Return a project's files relative to its folder: what git knows or would add, sorted.

    Outside a git checkout: everything but caches and virtual environments.
    """
    if not folder.is_dir():
        return []
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
        known = listed.returncode == 0
    except FileNotFoundError:
        known = False
    if known:
        paths = [Path(name.decode()) for name in listed.stdout.split(b"\0") if name]
    else:
        paths = [path.relative_to(folder) for path in folder.rglob("*")]
        paths = [path for path in paths if not UNWANTED.intersection(path.parts)]
    there = [path for path in paths if (folder / path).is_file() or (folder / path).is_symlink()]
    return sorted(set(there))


def build_inputs_hash() -> str:
    """Return a hash of all files that BUILD_INPUTS names, and of those in a requirements folder."""
    whole = hashlib.sha256()
    for folder in projects():
        for path in files(folder):
            named = any(path.match(pattern) for pattern in BUILD_INPUTS)
            if named or "requirements" in path.parts[:-1]:
                content = (folder / path).read_bytes()
                whole.update(f"{folder.name}/{path}\0".encode() + content + b"\0")
    return whole.hexdigest()


def copy(source: Path, container: str, target: str) -> None:
    """Copy a project's files into a directory of a running container, owned by root.

    Modes become 0644 or 0755, whatever the checkout's umask made of them: Docker's build cache
    looks at them. Files that the target has and the source has not, stay.
    """
    if not source.is_dir():
        raise BedError(f"There is no directory {source} to copy into {container}.")
    with tempfile.TemporaryFile() as stream:
        write_tar(source, stream)
        stream.seek(0)
        run("exec", container, "mkdir", "-p", target)
        run("exec", "-i", container, "tar", "-x", "-p", "-C", target, stdin=stream)


def write_tar(source: Path, stream: IO[bytes]) -> None:
    """Write a project's files to `stream` as a tar archive."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode = 0o755 if member.mode & 0o100 else 0o644
        return member

    with tarfile.open(fileobj=stream, mode="w") as archive:
        folders = {parent for path in files(source) for parent in path.parents if parent.name}
        for path in sorted({*folders, *files(source)}):
            archive.add(source / path, arcname=str(path), recursive=False, filter=plain)
