"""What the bed tells a person: one line a step, on standard error."""

from __future__ import annotations

import sys
import time


def say(text: str) -> None:
    """Print one line of progress at once, whatever standard error is."""
    print(f"bed: {text}", file=sys.stderr, flush=True)


class Watch:
    """Seconds since it was made, as text for a line of progress."""

    def __init__(self) -> None:
        """Start now."""
        self._start = time.monotonic()

    def __str__(self) -> str:
        """Return the seconds so far, such as `12 s`, or `0.4 s` below ten."""
        seconds = time.monotonic() - self._start
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
