"""Build the collection into a scratch directory and look at what a user would get.

`python -m tools.build_check` fails if the build does, or if the archive lacks a part or holds what
is for developers.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tools.common import BIN, ROOT, environment

NEEDED = ("meta/runtime.yml", "plugins/", "LICENSE", "README.md")
UNWANTED = (".venv", ".cache", ".ansible/", ".git/", "demo/", "molecule/", "tests/", "tools/")


def complaints(names: list[str]) -> list[str]:
    """What is wrong with an archive of these members."""
    missing = [part for part in NEEDED if not any(name.startswith(part) for name in names)]
    extra = [name for name in names if name.startswith(UNWANTED)]
    return [f"missing: {part}" for part in missing] + [f"not for users: {name}" for name in extra]


def main() -> int:
    """Build and look; the exit code of the command."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", folder]
        subprocess.run(command, cwd=ROOT, env=environment(), check=True)
        (archive,) = Path(folder).glob("*.tar.gz")
        with tarfile.open(archive) as handle:
            found = complaints(handle.getnames())
        print(f"{archive.name}: {archive.stat().st_size} bytes")
    print(*found, sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
