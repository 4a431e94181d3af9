"""The benchmarks' harness."""

from __future__ import annotations

import json
import sys

import pytest

from benchmarks.harness import BenchmarkError, emit, measure


def test_emit_prints_one_line_with_the_ratio(capsys: pytest.CaptureFixture[str]) -> None:
    figure = emit("serving", "10 kB, nginx / C server", 41.0, "us", against=25.0, goal=2.0)
    assert figure.ratio == pytest.approx(1.64)
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert json.loads(output) == {
        "benchmark": "serving",
        "case": "10 kB, nginx / C server",
        "value": 41.0,
        "unit": "us",
        "against": 25.0,
        "ratio": 1.64,
        "goal": 2.0,
    }


@pytest.mark.parametrize("against", [None, 0.0])
def test_no_peer_no_ratio(against: float | None) -> None:
    assert emit("x", "y", 1.0, "s", against).ratio is None


def test_measure_counts_cpu_of_children_and_not_of_sleep() -> None:
    busy = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    used = measure([sys.executable, "-c", child])
    assert used.cpu_seconds >= 0.2
    assert used.peak_bytes > 1_000_000
    idle = measure([sys.executable, "-c", "import time; time.sleep(0.3)"])
    assert idle.wall_seconds >= 0.3
    assert idle.cpu_seconds < idle.wall_seconds


def test_failed_command_gives_no_figure() -> None:
    with pytest.raises(BenchmarkError, match="ended with code 3"):
        measure([sys.executable, "-c", "raise SystemExit(3)"])
