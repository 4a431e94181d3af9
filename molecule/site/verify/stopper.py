"""Runs on the server in the place of the command `stowage`: the same command, which stops itself.

A fault has to meet a certain step and not a moment after it, so the process stops itself (SIGSTOP)
there, and waits for what the test does to it. Where is said by one line in /root/stop-at:

    SECONDS line PATTERN      as soon as such a line of progress was written
    SECONDS event PATTERN     before such an audit event of Python, such as `os.rename FROM TO`

SECONDS of grace let it run into the step. The file is gone, and /root/stopped holds the process
id, when it has stopped.
"""

from __future__ import annotations

import fnmatch
import os
import runpy
import signal
import sys
import threading
from pathlib import Path
from typing import Any

WHOLE = "/opt/stowage/bin/stowage.whole"
STOP_AT = Path("/root/stop-at")
STOPPED = Path("/root/stopped")
EVENTS = {"os.rename", "os.link", "os.remove", "os.mkdir", "open", "subprocess.Popen"}


def stop() -> None:
    """Tell the process id and stop, with all threads."""
    temporary = STOPPED.with_suffix(".new")
    temporary.write_text(str(os.getpid()))
    os.replace(temporary, STOPPED)
    os.kill(os.getpid(), signal.SIGSTOP)


class Watch:
    """Waits for the one place."""

    def __init__(self, seconds: float, kind: str, pattern: str) -> None:
        self.seconds, self.kind, self.pattern = seconds, kind, pattern

    def see(self, kind: str, text: str) -> None:
        """Stop if this is the place."""
        if kind == self.kind and fnmatch.fnmatchcase(text, self.pattern):
            self.kind = ""  # once, and not for what `stop` does itself
            STOP_AT.unlink()
            if self.seconds:
                timer = threading.Timer(self.seconds, stop)
                timer.daemon = True
                timer.start()
            else:
                stop()

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """An audit hook."""
        if self.kind == "event" and event in EVENTS:
            self.see("event", f"{event} {' '.join(words_of(event, arguments))}")


def words_of(event: str, arguments: tuple[Any, ...]) -> list[str]:
    """What a pattern can name of an event: the words of a program, else the paths."""
    if event == "subprocess.Popen":
        return [str(word) for word in arguments[1]]
    return [os.fsdecode(value) for value in arguments if isinstance(value, (str, bytes, Path))]


class Progress:
    """Standard error, its lines seen by the watch."""

    def __init__(self, stream: Any, watch: Watch) -> None:
        self.stream, self.watch, self.rest = stream, watch, ""

    def write(self, text: str) -> int:
        written: int = self.stream.write(text)
        self.stream.flush()
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.watch.see("line", line)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def main() -> None:
    if STOP_AT.exists():
        seconds, kind, pattern = STOP_AT.read_text().strip().split(" ", 2)
        watch = Watch(float(seconds), kind, pattern)
        sys.stderr = Progress(sys.stderr, watch)
        sys.addaudithook(watch.audit)
    sys.argv[0] = WHOLE
    runpy.run_path(WHOLE, run_name="__main__")


if __name__ == "__main__":
    main()
