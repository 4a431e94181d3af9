"""Run the Python scripts of a folder: benchmarks by name, soak tests by name or all.

`python -m tools.scripts [--one] FOLDER [NAME]`. With --one a name is required. The exit code is
that of the script, or 1 if one of several failed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tools.common import ROOT, environment, line, say

HELPERS = {"__init__", "harness", "conftest"}


def scripts(folder: Path) -> dict[str, Path]:
    """The scripts by name, without helpers."""
    found = {path.stem: path for path in sorted(folder.glob("*.py"))}
    return {name: path for name, path in found.items() if name not in HELPERS}


def run(path: Path) -> int:
    """Run one script as a module, so that it can import its folder's helpers."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, env=environment(), check=False
    ).returncode


def main(arguments: list[str]) -> int:
    """Find out which, run them, and say what there is where the name is missing or wrong."""
    one = arguments[:1] == ["--one"]
    folder, *names = arguments[one:]
    known = scripts(ROOT / folder)
    if not known:
        say(f"{folder}: there are none yet")
        return int(one and bool(names))
    if (one and not names) or any(name not in known for name in names):
        say(f"NAME=x is one of: {', '.join(known)}")
        return 2
    if one:
        return run(known[names[0]])
    results = []
    for name in names or known:
        started = time.monotonic()
        results.append(run(known[name]))
        say(line(not results[-1], name, time.monotonic() - started))
    return int(any(results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
