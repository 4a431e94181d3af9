"""All checks that need no running server: `python -m tools.lint`. Each runs, whatever the others
say."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from tools.common import LOGS, ROOT, Outcome, environment, line, say, tail

# mypy must see the plugins under the name by which they import each other.
PLUGINS = ".ansible/collections/ansible_collections/stowage/django/plugins"
TYPED = ["src", PLUGINS, "tests/bed", "tests/soak", "molecule/site/verify", "benchmarks", "tools"]
TARGET_CODE = ["src", "plugins/modules", "plugins/module_utils"]

# `bash -n` reads one script; each is to be heard.
EACH_SCRIPT = 'code=0; for script; do bash -n "$script" || code=1; done; exit $code'


@dataclass
class Check:
    """One command; it passes with exit code 0."""

    name: str
    argv: list[str]


def tracked(*patterns: str) -> list[str]:
    """Files of the repository, new ones included and ignored ones not."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted({name for name in answer.stdout.splitlines() if (ROOT / name).is_file()})


def shell_scripts() -> list[str]:
    """Files with a shell's first line, or named *.sh."""
    found = []
    for name in tracked():
        with (ROOT / name).open("rb") as handle:
            interpreter = handle.readline(80).split()
        if name.endswith(".sh") or (
            interpreter[:1] in ([b"#!/bin/sh"], [b"#!/bin/bash"])
            or interpreter[:2] == [b"#!/usr/bin/env", b"bash"]
        ):
            found.append(name)
    return found


def with_python(folders: Sequence[str]) -> list[str]:
    """Those of the folders that hold Python files."""
    return [name for name in folders if any((ROOT / name).rglob("*.py"))]


def python_files(folders: Sequence[str]) -> list[str]:
    """All Python files below the folders."""
    return [
        str(path.relative_to(ROOT))
        for name in folders
        for path in sorted((ROOT / name).rglob("*.py"))
    ]


def checks() -> list[Check]:
    """All checks, the slow ones first so that they overlap with the rest."""
    found = [
        Check("ansible-lint", ["ansible-lint", "--offline", "--nocolor"]),
        Check("types (mypy)", ["mypy", *with_python(TYPED)]),
        Check("collection builds", [sys.executable, "-m", "tools.build_check"]),
    ]
    if tracked("roles/*/meta/argument_specs.yml"):
        found += [
            Check("role specifications", ["ansible-docsmith", "validate", "."]),
            Check("role docs (make docs)", ["ansible-docsmith", "generate", ".", "--check"]),
        ]
    found += [
        Check("changelog fragments", ["antsibull-changelog", "lint"]),
        Check("yamllint", ["yamllint", "--strict", "."]),
        Check("ruff check", ["ruff", "check", "."]),
        Check("ruff format (make format)", ["ruff", "format", "--check", "."]),
        Check(
            "target code on Python 3.9",
            [
                "vermin",
                "--target=3.9-",
                "--eval-annotations",
                "--no-tips",
                *python_files(TARGET_CODE),
            ],
        ),
    ]
    found.append(Check("shell scripts' syntax", ["bash", "-c", EACH_SCRIPT, "-", *shell_scripts()]))
    return found


def run_check(check: Check) -> tuple[Check, bool, float]:
    """Run one check with its output in a log of its own."""
    log = LOGS / f"lint-{''.join(c if c.isalnum() else '-' for c in check.name)}.log"
    started = time.monotonic()
    with log.open("wb") as handle:
        code = subprocess.run(
            check.argv,
            cwd=ROOT,
            env={**environment(), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    seconds = time.monotonic() - started
    text = line(code == 0, check.name, seconds)
    say(text if code == 0 else f"{text}\n{tail(log, 60)}")
    return check, code == 0, seconds


def run() -> Outcome:
    """Run all checks, two at a time."""
    LOGS.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    outcome = Outcome("lint")
    with ThreadPoolExecutor(max_workers=2) as pool:
        for future in as_completed([pool.submit(run_check, check) for check in checks()]):
            passed = future.result()[1]
            outcome.passed += passed
            outcome.failed += not passed
    outcome.seconds = time.monotonic() - started
    return outcome


if __name__ == "__main__":
    sys.exit(bool(run().failed))
