"""Releases under a poller: many in a row, rollbacks, and a fault at each step.

`make soak NAME=releases`; CASES="releases,disk full" runs those whose names begin so, KEEP=1 leaves
the server and uses one that is there. One JSON line a case: requests of the file poller, wrong
answers, connections refused while nothing was down, seconds, and whether all held.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback

from tests.soak.support import bed, disk, kills, traffic
from tests.soak.support.kills import Case
from tests.soak.support.world import DoesNotHold, World

CASES: dict[str, Case] = {**traffic.CASES, **kills.CASES, **disk.CASES}


def chosen() -> dict[str, Case]:
    """The cases that CASES names by the beginning of their names; all without it."""
    wanted = tuple(text.strip() for text in os.environ.get("CASES", "").split(",") if text.strip())
    return {name: case for name, case in CASES.items() if not wanted or name.startswith(wanted)}


def run(world: World, name: str, case: Case) -> bool:
    """Run one case and print its line."""
    print(f"soak: {name}", file=sys.stderr, flush=True)
    started, why = time.monotonic(), ""
    mark = world.poller.mark()
    try:
        case(world)
    except (DoesNotHold, SystemExit) as error:
        why = str(error)
    except Exception:
        why = traceback.format_exc()
    count = world.poller.since(mark)
    wrong, refused = world.judge(count)
    holds = not why and not wrong and not refused
    line = {
        "case": name,
        "requests": count.requests,
        "wrong": len(wrong),
        "refused": len(refused),
        "seconds": round(time.monotonic() - started, 1),
        "holds": holds,
        **world.figures,
    }
    world.figures.clear()
    print(json.dumps(line), flush=True)
    if not holds:
        faults = "\n".join(str(fault) for fault in (*wrong, *refused)[:12])
        print(f"soak: {name} DOES NOT HOLD: {why}\n{faults}", file=sys.stderr, flush=True)
    return holds


def main() -> int:
    """Make the server, deploy, run the cases one after the other."""
    bed.environment()
    keep = bool(os.environ.get("KEEP"))
    if not (keep and bed.is_up()):
        bed.up()
    world = World()
    world.play("deploy_site")
    world.poller.start()
    try:
        results = [run(world, name, case) for name, case in chosen().items()]
    finally:
        world.poller.stop()
        if not keep:
            bed.down()
    print(f"soak: {sum(results)} held, {len(results) - sum(results)} did not", file=sys.stderr)
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
