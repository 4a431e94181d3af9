"""Faults at a certain step: the command on the server stops itself there, then something happens.

`stopping` puts stopper.py in the command's place for a while; `Run` is one run of the command, or
of a playbook that calls it, that stops at a step.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from server import REPOSITORY, Server

COMMAND = "/opt/stowage/bin/stowage"
STOPPER = Path(__file__).with_name("stopper.py")
REACHED_SECONDS = 120.0


@dataclass(frozen=True)
class Step:
    """A place in the run: an event or a line of progress by pattern, and how far into it."""

    kind: str
    pattern: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """How a run ended: exit code (negative for a signal), standard output and error together."""

    code: int
    text: str


@contextlib.contextmanager
def stopping(server: Server) -> Iterator[None]:
    """Let the command look for a place to stop at, whoever calls it."""
    words = ["docker", "cp", str(STOPPER), f"{server.name}:/root/stopper.py"]
    subprocess.run(words, check=True, capture_output=True)
    server.shell(
        f"test -e {COMMAND}.whole || cp -p {COMMAND} {COMMAND}.whole; rm -f /root/stop-at; "
        f"printf '#!/bin/sh\\nexec /usr/bin/python3 -I /root/stopper.py \"$@\"\\n' > {COMMAND}"
    )
    try:
        yield
    finally:
        server.shell(f"rm -f /root/stop-at && mv {COMMAND}.whole {COMMAND}")


class Run:
    """A run that was started and stops at a step. The lines of `words` run on this machine."""

    def __init__(self, server: Server, words: list[str], step: Step) -> None:
        self.server = server
        server.shell(
            "rm -f /root/stopped; cat > /root/stop-at.new <<'END'\n"
            f"{step.seconds} {step.kind} {step.pattern}\nEND\n"
            "mv /root/stop-at.new /root/stop-at"
        )
        self.process = subprocess.Popen(
            words,
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.id = self._reached(step)

    @classmethod
    def of_command(cls, server: Server, project: str, words: list[str], step: Step) -> Run:
        """The command itself, as an administrator calls it."""
        return cls(server, ["docker", "exec", server.name, "stowage", "-p", project, *words], step)

    def _reached(self, step: Step) -> str:
        deadline = time.monotonic() + REACHED_SECONDS
        while True:
            found = self.server.run("cat", "/root/stopped", check=False).strip()
            if found:
                return found
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{step} was not reached: {self.finish().text[-3000:]}")
            time.sleep(0.05)

    def go_on(self) -> None:
        self.server.run("kill", "-CONT", self.id)

    def kill(self) -> Outcome:
        """kill -9 of the command on the server; what it had started goes on."""
        self.server.run("kill", "-KILL", self.id)
        return self.finish()

    def finish(self) -> Outcome:
        """Wait for the end."""
        text, _ = self.process.communicate(timeout=300)
        return Outcome(self.process.returncode, text)
