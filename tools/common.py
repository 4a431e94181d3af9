"""Paths, the environment of child processes, and results that add up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".cache" / "logs"
BIN = Path(sys.executable).parent
TAIL_LINES = 40


@dataclass
class Outcome:
    """What one part of the tests came to; `seconds` is wall clock time."""

    part: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0


def environment() -> dict[str, str]:
    """The environment with the tools of .venv, in which Ansible finds this checkout."""
    return {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_HOME": str(ROOT / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "PYTHONUNBUFFERED": "1",
    }


def say(text: str = "") -> None:
    """Print at once, also when the output goes to a file."""
    print(text, flush=True)


def line(passed: bool, name: str, seconds: float) -> str:
    """One result on one line."""
    return f"{'ok    ' if passed else 'FAILED'}  {name:<28} {seconds:6.1f} s"


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The end of a log, indented, with the place of the rest."""
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    shown = "\n".join(f"    {row}" for row in text[-lines:])
    more = f"\n    (the last {lines} of {len(text)} lines)" if len(text) > lines else ""
    return f"{shown}{more}\n    log: {log.relative_to(ROOT)}"


def table(outcomes: Iterable[Outcome]) -> str:
    """A table of parts and times; skipped tests are shown and count neither way."""
    rows = [f"{'part':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}"]
    rows += [
        f"{item.part:<12}{item.passed:>8}{item.failed:>8}{item.skipped:>9}{item.seconds:>9.0f}"
        for item in outcomes
    ]
    return "\n".join(rows)
