"""The command `docker` as functions: one place that runs it and says what went wrong."""

from __future__ import annotations

import json
import subprocess
from typing import IO, Any

LABEL = "stowage.bed"
"""Key of the label that every object of the bed carries: `clean` finds them by it."""


class BedError(Exception):
    """Something the user can act on; its text is one or two whole sentences."""


def run(*arguments: str, stdin: IO[bytes] | None = None, timeout: float | None = None) -> str:
    """Run `docker ARGUMENTS` and return its standard output without the last line break.

    Raises BedError with the end of standard error where docker fails or takes longer than
    `timeout` seconds.
    """
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=stdin if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        raise BedError(
            "The command docker is missing. Run: python tests/bed/bed.py engine"
        ) from None
    except subprocess.TimeoutExpired:
        raise BedError(f"docker {arguments[0]} took longer than {timeout} seconds.") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        text = "\n".join(said[-25:])
        raise BedError(f"docker {' '.join(arguments[:3])} failed ({done.returncode}): {text}")
    return done.stdout.decode(errors="replace").rstrip("\n")


def works(*arguments: str, timeout: float | None = None) -> bool:
    """Say whether `docker ARGUMENTS` succeeds."""
    try:
        run(*arguments, timeout=timeout)
    except BedError:
        return False
    return True


def image_labels(names: list[str]) -> dict[str, dict[str, str]]:
    """Return name -> labels of those images that exist, with one call."""
    done = subprocess.run(
        ["docker", "image", "inspect", *names], capture_output=True, text=True, check=False
    )
    found: dict[str, dict[str, str]] = {}
    images: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    for image in images:
        for tag in image["RepoTags"] or []:
            found[tag] = (image["Config"] or {}).get("Labels") or {}
    return found


def listed(kind: str, *filters: str) -> list[str]:
    """Return the ids of the `container`s, the names of the `volume`s, ... that pass the filters."""
    options = [text for one in filters for text in ("--filter", one)]
    everything = ["--all"] if kind == "container" else []
    return list(dict.fromkeys(run(kind, "ls", "--quiet", *everything, *options).split()))
