"""The scenarios' runner, with a fake Molecule."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tools import common, molecule

FAKE = """\
import os, pathlib, sys
scenario = sys.argv[-1]
place = pathlib.Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
print("argv", sys.argv[1:])
with open(place / "calls", "a") as handle:
    handle.write(sys.argv[1] + "\\n")
if scenario == "broken":
    sys.exit(1)
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with three scenarios, the shared folder, and a program called molecule."""
    for name in ("default", "broken", "quick", "slow"):
        (tmp_path / "molecule" / name).mkdir(parents=True)
        (tmp_path / "molecule" / name / "molecule.yml").write_text("---\n")
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "molecule.py").write_text(FAKE)
    monkeypatch.delenv("KEEP", raising=False)
    monkeypatch.setattr(common, "ROOT", tmp_path)
    monkeypatch.setattr(molecule, "ROOT", tmp_path)
    monkeypatch.setattr(molecule, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(molecule, "TIMES", tmp_path / "times.json")
    monkeypatch.setattr(molecule, "prepare_bed", lambda: True)
    monkeypatch.setattr(
        molecule, "COMMAND", [sys.executable, str(tmp_path / "fake" / "molecule.py")]
    )
    return tmp_path


def calls(checkout: Path, scenario: str) -> list[str]:
    """Molecule's verbs for one scenario, in order."""
    return (checkout / ".cache" / "molecule" / scenario / "calls").read_text().split()


def test_all_scenarios_run_but_default_and_a_failure_stops_none(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = molecule.run()
    assert (outcome.passed, outcome.failed) == (2, 1)
    assert calls(checkout, "quick") == ["test"]
    assert calls(checkout, "broken") == ["test"]
    assert not (checkout / ".cache/molecule/default").exists()
    output = capsys.readouterr().out
    assert "FAILED  broken" in output
    assert "    argv ['test', '--scenario-name', 'broken']" in output


def test_one_scenario_by_name(checkout: Path) -> None:
    assert molecule.run(["quick"]).passed == 1
    assert not (checkout / ".cache/molecule/slow").exists()


def test_unknown_scenario_fails_and_names_those_there_are(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert molecule.run(["quik"]).failed == 1
    assert "no such scenario: quik; there are: broken, quick, slow" in capsys.readouterr().out


def test_longest_scenario_starts_first_and_unknown_ones_before(checkout: Path) -> None:
    (checkout / "times.json").write_text('{"quick": 3.0, "slow": 90.0}')
    assert molecule.scenarios() == ["broken", "slow", "quick"]


def test_bed_that_cannot_be_made_fails_all(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(molecule, "prepare_bed", lambda: False)
    assert molecule.run().failed == 3


def test_scenario_that_hangs_is_ended_with_its_children(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = checkout / "fake" / "molecule.py"
    program.write_text(
        FAKE + "if sys.argv[1] == 'test':\n    __import__('subprocess').run(['sleep', '60'])\n"
    )
    monkeypatch.setattr(molecule, "LIMIT_SECONDS", 1)
    started = time.monotonic()
    assert molecule.run(["quick"]).failed == 1
    assert time.monotonic() - started < 20
    assert calls(checkout, "quick") == ["test", "destroy"]
    assert "stopped after 1 seconds" in (checkout / "logs" / "quick.log").read_text()


def test_excerpt_shows_the_trouble_and_not_the_cleaning_up(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    rows = [f"before {number}" for number in range(50)]
    rows += ["fatal: [server]: FAILED! => no such file", "PLAY RECAP"]
    rows += [f"destroy {number}" for number in range(50)]
    log.write_text("\n".join(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(molecule, "ROOT", tmp_path)
        shown = molecule.excerpt(log).splitlines()
    assert "    before 42" in shown
    assert "    before 41" not in shown
    assert "    fatal: [server]: FAILED! => no such file" in shown
    assert shown[-1] == "    log: x.log"
