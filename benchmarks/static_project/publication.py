"""Publish a staging directory as the `stowage` command does.

`python -m benchmarks.static_project.publication ROOT RELEASE {packed|plain}`: ROOT stands for the
server's `/`, `packed` compresses by the command's own defaults.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from stowage_host import pool
from stowage_host.compression import Compression
from stowage_host.project import Paths


def places(root: Path) -> Paths:
    """The server's directories of the generated project."""
    return Paths("bench", root)


def main(root: Path, release: str, packed: bool) -> dict[str, int]:
    """Publish; returns how many files and bytes were new."""
    level = Compression() if packed else Compression(gzip_level=0, brotli_level=-1)
    done = pool.publish(places(root), release, level, pool.read(places(root)))
    return {"new_files": done.new_files, "new_bytes": done.new_bytes}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "packed")))
