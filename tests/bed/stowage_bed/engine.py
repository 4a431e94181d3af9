"""A running Docker engine: found, or installed and started where that is ours to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from stowage_bed.docker import BedError, works
from stowage_bed.progress import say

PROGRAMS = {"rsync": "rsync", "openssh-client": "ssh-keygen"}
"""Packages and the program of each by which it is recognised."""


def require() -> None:
    """Return when a Docker engine answers; raise BedError with the remedy where none does."""
    if not works("version", timeout=20):
        raise BedError(
            "No Docker engine answers. Install and start one (Debian, Ubuntu: "
            "sudo apt-get install docker.io), and let your user reach it (sudo usermod -aG docker "
            '"$USER", then log in again); see https://docs.docker.com/engine/install/.'
        )


def ensure() -> None:
    """Make a Docker engine answer; as root on Debian or Ubuntu install docker.io and start it.

    rsync and ssh, by which projects come to the servers, are asked for in the same way.
    """
    _ensure_programs()
    if works("version", timeout=20):
        return
    if not (os.geteuid() == 0 and is_debian()):
        require()
    if not shutil.which("dockerd"):
        say("no Docker engine here: installing docker.io from the distribution's packages")
        install("docker.io")
    if not shutil.which("docker"):
        # A package of its own from Debian 13 on, only recommended by docker.io.
        install("docker-cli")
    say("starting the Docker engine")
    start()


def _ensure_programs() -> None:
    """Find rsync and ssh, or install them where that is ours to do."""
    missing = [package for package, program in PROGRAMS.items() if not shutil.which(program)]
    if not missing:
        return
    if not (os.geteuid() == 0 and is_debian()):
        raise BedError(f"Needed on this machine, install them: {', '.join(missing)}.")
    say(f"installing {', '.join(missing)} from the distribution's packages")
    install(*missing)


def is_debian() -> bool:
    """Say whether this machine is Debian, Ubuntu or made from one of them."""
    release = Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    ids = [
        line.partition("=")[2].strip('"') for line in lines if line.startswith(("ID=", "ID_LIKE="))
    ]
    return any(word in ("debian", "ubuntu") for text in ids for word in text.split())


def install(*packages: str) -> None:
    """Install packages by apt-get, showing its progress only when it fails."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(
            ["apt-get", "--quiet", *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise BedError(f"apt-get install {' '.join(packages)} failed: {done.stdout[-1500:]}")


def start() -> None:
    """Start the engine by systemd, else by its init script, and wait up to a minute for it."""
    if Path("/run/systemd/system").is_dir():
        command = ["systemctl", "enable", "--now", "docker"]
    else:
        command = ["service", "docker", "start"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    for _ in range(120):
        if works("version", timeout=20):
            return
        time.sleep(0.5)
    said = (done.stderr or done.stdout).strip()[-500:] or "nothing"
    raise BedError(
        f"The Docker engine does not start; `{' '.join(command)}` said: {said}. "
        "Its log tells more (journalctl -u docker, or /var/log/docker.log)."
    )
