"""A generated Django project with many static files, and what is done with it; see ../release.py.

Most modules here are also processes of their own: what a benchmark does besides measuring must not
add to the memory of the process that measures (harness.measure says why).
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src"

# `make bench` starts in the repository, where src is on nobody's path.
if str(SOURCE) not in sys.path:
    sys.path.append(str(SOURCE))
