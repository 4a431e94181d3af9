"""Real interpreters with real Django versions for the tests of `stowage_django`.

Each version is installed once, from its pinned requirement file, into .cache/django/<version>; the
second time only the hash of that file is compared. An interpreter is an empty virtual environment
that sees it, and Stowage, by .pth files, as the application container does.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

VERSIONS = ("4.2", "5.2", "6.0", "6.1")
HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
SOURCE = REPOSITORY / "src"
CACHE = REPOSITORY / ".cache" / "django"


def install(version: str) -> Path:
    """The folder with this Django and its libraries, installed if it is not up to date."""
    requirements = HERE / "requirements" / f"django-{version}.txt"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    target = CACHE / version
    stamp = target / ".requirements.sha256"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{version}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # The workers of one test run share the folder.
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(target, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            subprocess.run([*pip, "--target", target, "--requirement", requirements], check=True)
            stamp.write_text(wanted)
    return target


def interpreter(version: str, folder: Path) -> Path:
    """A python in `folder` that sees this Django and has stowage.pth in its purelib."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    purelib = next((folder / "lib").glob("python*/site-packages"))
    (purelib / "application.pth").write_text(f"{install(version)}\n")
    pth = (SOURCE / "stowage_django" / "stowage.pth").read_text().splitlines()
    (purelib / "stowage.pth").write_text("\n".join([str(SOURCE), *pth[1:]]) + "\n")
    return folder / "bin" / "python"


def clean_environment(**variables: str) -> dict[str, str]:
    """The environment of a container: nothing of ours but what is given."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", **variables}
