"""Molecule's scenarios, one process each: `python -m tools.molecule [SCENARIO...]`; JOBS at a time
(default 2).

Each has its own containers, network, ephemeral directory and log, so that they cannot meet. The
terminal gets one line for each, and the end of the log where it failed. KEEP=1 leaves the
containers of a failed scenario alone.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tools.common import BIN, LOGS, ROOT, Outcome, environment, line, say, tail

LIMIT_SECONDS = 1500
KILLED = -1
# How Ansible and Molecule begin the line that says what went wrong.
TROUBLE = re.compile(r"(fatal|failed): \[|\[ERROR\]|(CRITICAL|ERROR) .*(Idempotence|syntax)")
TIMES = ROOT / ".cache" / "molecule-times.json"
COMMAND = [str(BIN / "molecule")]
BED_VERBS = ("engine", "build", "seed")


def _ephemeral(scenario: str) -> Path:
    return ROOT / ".cache" / "molecule" / scenario


def _is_created(scenario: str) -> bool:
    """Whether Molecule believes that the scenario's server is there."""
    state = _ephemeral(scenario) / "state.yml"
    return state.exists() and "created: true" in state.read_text()


class Runner:
    """Runs scenarios and can stop all of them."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()

    def run(self, scenario: str) -> tuple[bool, float]:
        """`molecule test` of one scenario. Returns whether it passed, and the seconds it took."""
        log = LOGS / f"{scenario}.log"
        started = time.monotonic()
        if self._stopping.is_set():
            return False, 0.0
        keep = ["--destroy=never"] if os.environ.get("KEEP") else []
        with log.open("wb") as handle:
            if _is_created(scenario):
                # A kept or killed run: without this, Molecule would take its server for a new one.
                self._molecule(scenario, ["destroy"], handle.fileno())
            code = self._molecule(scenario, ["test", *keep], handle.fileno())
            if code == KILLED:
                # After a failure of its own Molecule destroys, after this it cannot.
                self._molecule(scenario, ["destroy"], handle.fileno())
        passed = code == 0
        seconds = time.monotonic() - started
        text = line(passed, scenario, seconds)
        say(text if passed else f"{text}\n{excerpt(log)}")
        return passed, seconds

    def stop(self) -> None:
        """End what runs; each scenario then destroys its containers."""
        self._stopping.set()
        for process in list(self._running.values()):
            _end(process)

    def _molecule(self, scenario: str, arguments: list[str], output: int) -> int:
        ephemeral = _ephemeral(scenario)
        ephemeral.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen(
            [*COMMAND, *arguments, "--scenario-name", scenario],
            cwd=ROOT,
            env={
                **environment(),
                "MOLECULE_EPHEMERAL_DIRECTORY": str(ephemeral),
                "ANSIBLE_FORCE_COLOR": "false",
                "NO_COLOR": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._running[scenario] = process
        try:
            code = process.wait(timeout=LIMIT_SECONDS)
            return KILLED if code < 0 else code
        except subprocess.TimeoutExpired:
            os.write(output, f"\nstopped after {LIMIT_SECONDS} seconds\n".encode())
            _end(process)
            return KILLED
        finally:
            del self._running[scenario]


def excerpt(log: Path) -> str:
    """The last trouble in a scenario's log with what stands around it, else the log's end.

    What follows the trouble, Molecule destroying and summing up, would fill the terminal otherwise.
    """
    rows = log.read_text(errors="replace").splitlines()
    found = [number for number, row in enumerate(rows) if TROUBLE.match(row)]
    if not found:
        return tail(log)
    shown = rows[max(0, found[-1] - 8) : found[-1] + 32]
    return "\n".join([*(f"    {row}" for row in shown), f"    log: {log.relative_to(ROOT)}"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all its children (they form a session of their own)."""
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=patience)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def scenarios() -> list[str]:
    """All scenarios; `default` only holds the playbooks that the others share."""
    names = {path.parent.name for path in ROOT.glob("molecule/*/molecule.yml")} - {"default"}
    times = last_times()
    # The longest first, so that none is left to run alone at the end; unknown ones count as long.
    return sorted(names, key=lambda name: (-times.get(name, 1e9), name))


def last_times() -> dict[str, float]:
    """Seconds that each scenario took when it last passed."""
    try:
        return {str(name): float(value) for name, value in json.loads(TIMES.read_text()).items()}
    except (OSError, ValueError):
        return {}


def prepare_bed() -> bool:
    """Start the engine, make images and seed; quick when they are there."""
    for verb in BED_VERBS:
        command = [sys.executable, str(ROOT / "tests" / "bed" / "bed.py"), verb]
        if subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode:
            say(f"FAILED  test bed: {verb}")
            return False
    return True


def run(wanted: list[str] | None = None) -> Outcome:
    """Run the wanted scenarios, or all."""
    started = time.monotonic()
    outcome = Outcome("molecule")
    known = scenarios()
    unknown = sorted(set(wanted or []) - set(known))
    names = [name for name in known if not wanted or name in wanted]
    if unknown:
        say(f"no such scenario: {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
        outcome.failed = len(unknown)
    elif names and not prepare_bed():
        outcome.failed = len(names)
    elif names:
        run_all(names, outcome)
    outcome.seconds = time.monotonic() - started
    return outcome


def run_all(names: list[str], outcome: Outcome) -> None:
    """Run scenarios in parallel, adding to `outcome`; times of those that passed are remembered."""
    LOGS.mkdir(parents=True, exist_ok=True)
    jobs = int(os.environ.get("JOBS") or 2)
    say(f"{len(names)} scenarios, {jobs} at a time; logs in {LOGS.relative_to(ROOT)}/")
    runner, times = Runner(), last_times()
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {pool.submit(runner.run, name): name for name in names}
        try:
            for future in as_completed(futures):
                passed, seconds = future.result()
                outcome.passed += passed
                outcome.failed += not passed
                if passed:
                    times[futures[future]] = round(seconds, 1)
        except KeyboardInterrupt:
            say("interrupted; removing the scenarios' containers")
            runner.stop()
            raise
    Path(TIMES).write_text(json.dumps(times, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(bool(run(sys.argv[1:]).failed))
