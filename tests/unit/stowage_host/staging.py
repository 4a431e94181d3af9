"""Staging directories as a container leaves them."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from stowage_host import pool
from stowage_host.compression import Compression
from stowage_host.pool import Published
from stowage_host.project import Paths

BROTLI = shutil.which("brotli")
LEVEL = Compression(brotli_level=11 if BROTLI else -1)
CSS = b"body { color: red }\n" * 100


def hashed(name: str, content: bytes) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}.{hashlib.md5(content).hexdigest()[:12]}{dot}{extension}"


def stage(paths: Paths, files: dict[str, bytes], manifest: dict[str, Any] | None = None) -> None:
    """Write what a collect would: each file plain and hashed, and the manifest."""
    tree = paths.staging / "tree"
    tree.mkdir(parents=True)
    entries = {name: hashed(name, content) for name, content in files.items()}
    for name, content in files.items():
        for place in (tree / name, tree / entries[name]):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    document = {"paths": entries, "version": "1.1"} if manifest is None else manifest
    (paths.staging / "manifest.json").write_text(json.dumps(document))


def put(paths: Paths, release: str, *own_hashes: str, verify: bool = True) -> Published:
    """Publish what is staged."""
    return pool.publish(paths, release, LEVEL, pool.read(paths, own_hashes, verify))


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
