"""What the soak tests of releases share: the server, its site, and one kind of fault a file."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

# The questions to a running site are those of the scenario `site`.
sys.path[:0] = [str(REPOSITORY / "molecule" / "site" / "verify"), str(REPOSITORY / "tests" / "bed")]
