"""The server of the soak test: made, deployed to by the playbook over ssh, removed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from . import REPOSITORY

CACHE = REPOSITORY / ".cache" / "soak"
BED = "stowage-soak"
SERVER = f"{BED}-server"
PROJECT = REPOSITORY / "tests" / "projects" / "configurations"
DIRECTORY = "/srv/configurations"
SSH_PORT = os.environ.setdefault("SOAK_SSH_PORT", "8222")
KEY = CACHE / "id_ed25519"


def environment() -> None:
    """What ansible-playbook needs to find the collection of this checkout and the server."""
    os.environ.update(
        SOAK_SSH_KEY=str(KEY),
        SITE_INVENTORY=str(REPOSITORY / "tests" / "soak" / "inventory.yml"),
        ANSIBLE_HOME=str(REPOSITORY / ".ansible"),
        ANSIBLE_COLLECTIONS_PATH=str(REPOSITORY / ".ansible" / "collections"),
        ANSIBLE_PIPELINING="true",
        ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
    )


def _call(*words: str) -> None:
    done = subprocess.run(
        words,
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"soak: {' '.join(words[:4])} failed:\n{done.stdout[-4000:]}")


def _playbook(name: str, *words: str) -> None:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    _call(program, "--inventory", "localhost,", f"molecule/default/{name}.yml", *words)


def up() -> None:
    """A new server with the project on it, deployed by deploy_site."""
    CACHE.mkdir(parents=True, exist_ok=True)
    bed = str(REPOSITORY / "tests" / "bed" / "bed.py")
    for verb in ("engine", "seed"):
        _call(sys.executable, bed, verb)
    down()
    ports = f'["127.0.0.1:{SSH_PORT}:22"]'
    _playbook(
        "create",
        "--extra-vars",
        f'{{"bed_name": "{BED}", "bed_published_ports": {ports}, '
        f'"bed_ssh_public_key_file": "{KEY}.pub"}}',
    )
    _call(sys.executable, bed, "copy", str(PROJECT), SERVER, DIRECTORY)


def down() -> None:
    """Remove the server with all that is on it."""
    _playbook("destroy", "--extra-vars", f"bed_name={BED}")


def is_up() -> bool:
    """Whether the server runs already."""
    words = ["docker", "inspect", "--format", "{{.State.Running}}", SERVER]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip() == "true"
