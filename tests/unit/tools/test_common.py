"""Counting and the last line of `make test`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import lint, molecule, run_tests, unit
from tools.build_check import complaints
from tools.common import Outcome

REPORT = """<?xml version="1.0"?>
<testsuites><testsuite tests="7" failures="1" errors="2" skipped="1"/></testsuites>
"""


def test_junit_report_is_counted(tmp_path: Path) -> None:
    (tmp_path / "unit.xml").write_text(REPORT)
    outcome = unit.count(tmp_path / "unit.xml")
    assert (outcome.passed, outcome.failed, outcome.skipped) == (3, 3, 1)


def test_missing_report_counts_nothing(tmp_path: Path) -> None:
    assert unit.count(tmp_path / "unit.xml").passed == 0


@pytest.mark.parametrize(("failures", "code"), [(0, 0), (2, 1)])
def test_every_part_runs_and_the_last_line_is_the_sum(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failures: int,
    code: int,
) -> None:
    monkeypatch.setattr(lint, "run", lambda: Outcome("lint", 3, failures))
    monkeypatch.setattr(unit, "run", lambda: Outcome("unit", 40, 0, 2))
    monkeypatch.setattr(molecule, "run", lambda: Outcome("molecule", 7, 0))
    assert run_tests.main() == code
    assert capsys.readouterr().out.splitlines()[-1] == f"50 passed, {failures} failed"


def test_archive_is_judged_by_its_members() -> None:
    good = ["meta/runtime.yml", "plugins/modules/stowage.py", "LICENSE", "README.md"]
    assert complaints(good) == []
    assert complaints([*good[1:], "tests/unit/x.py"]) == [
        "missing: meta/runtime.yml",
        "not for users: tests/unit/x.py",
    ]
