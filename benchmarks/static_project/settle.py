"""Make what was collected the published state that the next collection builds on.

`python -m benchmarks.static_project.settle STAGING PUBLISHED RELEASE` does what the server does
with a staging directory, without its checks, links and compression: hashed files go into the pool,
the others become the release's, the memory becomes collected.json. It prints {"new": files that the
pool lacked, "names": entries of the manifest, "paths": a digest of the manifest's entries}.

With one argument, a manifest, it prints that digest.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path


def settle(staging: Path, published: Path, release: str) -> dict[str, object]:
    """Move the staged hashed files. A name of the manifest that is nowhere is an error, and so is
    a file that was staged though the pool has it."""
    paths: dict[str, str] = json.loads((staging / "manifest.json").read_bytes())["paths"]
    pool = published / "pool"
    pool.mkdir(parents=True, exist_ok=True)
    made: set[str] = set()
    new = 0
    for hashed in set(paths.values()):
        source, place = f"{staging}/tree/{hashed}", f"{pool}/{hashed}"
        if (parent := os.path.dirname(place)) not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        if not os.path.exists(place):
            os.rename(source, place)
            new += 1
        elif os.path.exists(source):
            raise FileExistsError(f"{hashed} was staged, but the pool has it")
    releases = published / "releases"
    releases.mkdir(exist_ok=True)
    os.rename(staging / "tree", releases / release)
    keep_memory(staging, published)
    return {"new": new, "names": len(paths), "paths": digest(paths)}


def keep_memory(staging: Path, published: Path) -> None:
    """What the collection remembers is what the next one may reuse."""
    os.replace(staging / "memory.json", published / "collected.json")


def digest(paths: dict[str, str]) -> str:
    """Says whether two manifests name all files alike."""
    return hashlib.sha256(json.dumps(sorted(paths.items())).encode()).hexdigest()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(digest(json.loads(Path(sys.argv[1]).read_bytes())["paths"]))
    else:
        print(json.dumps(settle(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])))
