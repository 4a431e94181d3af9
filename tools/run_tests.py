"""`make test`: lint, unit tests and every scenario, each part whatever the others say, then one
sum.

The last line is `N passed, N failed`; the exit code is 1 if anything failed.
"""

from __future__ import annotations

import sys

from tools import lint, molecule, unit
from tools.common import Outcome, say, table


def main() -> int:
    """Run the parts, print the table and the sum."""
    outcomes: list[Outcome] = []
    try:
        for title, part in (
            ("Lint", lint.run),
            ("Unit tests", unit.run),
            ("Molecule", molecule.run),
        ):
            say(f"\n== {title}")
            outcomes.append(part())
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    say(f"\n{table(outcomes)}\n")
    failed = sum(item.failed for item in outcomes)
    say(f"{sum(item.passed for item in outcomes)} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
