"""Where the tests find the questions that they ask, and the server that they ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[2] / "tests" / "bed")]

from server import Server  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Server:
    return Server(os.environ["SITE_SERVER"])
