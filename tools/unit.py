"""The unit tests: `python -m tools.unit [PYTEST ARGUMENTS]`; UNIT_JOBS processes share them
(default 2)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

from tools.common import LOGS, ROOT, Outcome, environment

REPORT = LOGS / "unit.xml"


def run(arguments: list[str] | None = None) -> Outcome:
    """Run pytest with its output on the terminal and count from its report."""
    LOGS.mkdir(parents=True, exist_ok=True)
    REPORT.unlink(missing_ok=True)
    jobs = os.environ.get("UNIT_JOBS") or "2"
    # A file's tests stay in one process: they share what is dear to make, such as virtual
    # environments.
    command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={REPORT}"]
    command += ["-n", jobs, "--dist", "loadfile", *(arguments or [])]
    started = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
    outcome = count(REPORT)
    if code and not outcome.failed:
        outcome.failed = 1  # pytest itself failed: a bad option, an error while collecting
    outcome.seconds = time.monotonic() - started
    return outcome


def count(report: Path) -> Outcome:
    """Sum up a JUnit report; all zeros where there is none."""
    outcome = Outcome("unit")
    if not report.exists():
        return outcome
    for suite in ElementTree.parse(report).iter("testsuite"):
        number = {
            key: int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
        }
        failed = number["failures"] + number["errors"]
        outcome.failed += failed
        outcome.skipped += number["skipped"]
        outcome.passed += number["tests"] - failed - number["skipped"]
    return outcome


if __name__ == "__main__":
    sys.exit(bool(run(sys.argv[1:]).failed))
