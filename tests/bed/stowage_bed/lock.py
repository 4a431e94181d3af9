"""One at a time: several scenarios start at once and share the images and the seed."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stowage_bed.progress import say


@contextmanager
def locked() -> Iterator[None]:
    """Hold this user's lock on the bed; the kernel releases it also when the process is killed."""
    path = Path(tempfile.gettempdir()) / f"stowage-bed-{os.getuid()}.lock"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that prepares the bed")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
