"""A Python with the pinned Django and the peers, in .cache/bench; made once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.static_project import REPOSITORY

REQUIREMENTS = REPOSITORY / "benchmarks" / "requirements" / "release.txt"
CACHE = REPOSITORY / ".cache" / "bench"


def interpreter() -> Path:
    """The path of that Python; installs its packages when their list has changed."""
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    folder = CACHE / "python"
    stamp = folder / ".requirements.sha256"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
        purelib = next((folder / "lib").glob("python*/site-packages"))
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--compile"]
        subprocess.run([*pip, "--target", purelib, "--requirement", REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return folder / "bin" / "python"
