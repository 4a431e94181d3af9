"""What benchmarks share: one way to measure a command and one form for a figure."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO


class BenchmarkError(Exception):
    """The command that was to be measured failed; its figures would mean nothing."""


@dataclass(frozen=True)
class Usage:
    """What one command took: seconds of wall clock and CPU (user and system), bytes of memory.

    CPU includes the children that the command waited for; memory is the largest resident set of
    the command itself.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Figure:
    """One result. `against` is the peer's value of the same run, `goal` the largest good ratio."""

    benchmark: str
    case: str
    value: float
    unit: str
    against: float | None = None
    goal: float | None = None

    @property
    def ratio(self) -> float | None:
        """`value / against`; None without a peer or with one that took nothing."""
        return self.value / self.against if self.against else None

    def line(self) -> str:
        """The figure as one line of JSON, the ratio with three decimals."""
        return json.dumps(
            {
                "benchmark": self.benchmark,
                "case": self.case,
                "value": self.value,
                "unit": self.unit,
                "against": self.against,
                "ratio": None if self.ratio is None else round(self.ratio, 3),
                "goal": self.goal,
            }
        )


def emit(
    benchmark: str,
    case: str,
    value: float,
    unit: str,
    against: float | None = None,
    goal: float | None = None,
) -> Figure:
    """Print a figure as a line of JSON at once, and return it."""
    figure = Figure(benchmark, case, value, unit, against, goal)
    print(figure.line(), flush=True)
    return figure


def measure(
    argv: Sequence[str],
    environment: Mapping[str, str] | None = None,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
) -> Usage:
    """Run a command to its end and say what it took.

    `environment` is added to this process's. Raises BenchmarkError when the command fails.
    A child begins as a copy of this process, and Linux counts that into its peak memory: where
    memory matters, let the measuring process stay small and do other work in processes too.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        argv,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
    )
    # wait4 instead of Popen.wait: it is the one call that gives a single child's usage.
    _pid, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"{argv[0]} ended with code {process.returncode}")
    # Linux counts ru_maxrss in units of 1024 bytes (getrusage(2)).
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
