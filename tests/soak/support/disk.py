"""A full disk at a step, and a pool that cannot be written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from faults import Run, Step, stopping

from .kills import STEPS, Case
from .world import PROJECT, STATIC, WORDS, World, expect

SMALL = "/mnt/small"
FILLER = f"{SMALL}/filler"
SPARE_MEGABYTES, SPARE_INODES = 24, 3000
ON_THE_SMALL_DISK = f"""
set -e
inodes=$(find {STATIC} | wc -l) size=$(du --summarize --block-size=1M {STATIC} | cut -f1)
mkdir -p {SMALL}
mount -t tmpfs -o size=$((size + {SPARE_MEGABYTES}))m,nr_inodes=$((inodes + {SPARE_INODES})) \
    tmpfs {SMALL}
cp -a {STATIC}/. {SMALL}/
mount --bind {SMALL} {STATIC}
docker ps --quiet | xargs docker restart
"""
BACK = f"""
set -e
umount {STATIC}
rsync -aH --delete {SMALL}/ {STATIC}/
umount {SMALL}
docker ps --quiet | xargs docker restart
"""
FILL = f"""
fallocate -l "$(df --block-size=1 --output=avail {SMALL} | tail -1)" {FILLER}
head -c 1M /dev/zero >> {FILLER}
test "$(df --block-size=1 --output=avail {SMALL} | tail -1)" -eq 0
"""
FILL_INODES = f"""
mkdir {FILLER}
while : > {FILLER}/$RANDOM$RANDOM; do :; done
"""
REPAIR = f"""
mount -o remount,rw {SMALL}
rm -rf {FILLER}
"""

NO_ROOM = "No space left"
FAULTS = {
    "disk full: collect": (STEPS["collect"], FILL, NO_ROOM),
    "disk full: compress": (STEPS["compress"], FILL, NO_ROOM),
    "disk full: publish": (STEPS["pool"], FILL_INODES, NO_ROOM),
    "disk full: manifest": (Step("event", "open */static/manifests/*"), FILL, NO_ROOM),
    "disk full: ledger": (Step("event", "open */static/.ledger.json*"), FILL, NO_ROOM),
    "read-only pool": (STEPS["pool"], f"mount -o remount,ro {SMALL}", "Read-only file system"),
}
"""Where it happens, what happens (to the blocks, to the list of files), and what is then said."""


@contextlib.contextmanager
def small_disk(world: World) -> Iterator[None]:
    """The project's static files stand on a small file system of their own meanwhile."""
    with world.outage():
        world.server.shell(ON_THE_SMALL_DISK)
    try:
        yield
    finally:
        with world.outage():
            world.server.shell(REPAIR + BACK)


def fault(name: str) -> Case:
    """The disk cannot be written from a step on; when it can again, the next release completes."""
    step, deed, words = FAULTS[name]

    def case(world: World) -> None:
        with small_disk(world):
            before = world.state()
            with stopping(world.server):
                world.change()
                run = Run.of_command(world.server, PROJECT, WORDS, step)
                world.server.shell(deed, check=False)
                run.go_on()
                outcome = run.finish()
            expect(outcome.code, f"the command succeeded: {outcome.text}")
            expect(words in outcome.text, f"the message says: {outcome.text[-600:]}")
            world.check_untouched(before)
            world.server.shell(REPAIR)
            world.check_next(before)

    return case


CASES: dict[str, Case] = {name: fault(name) for name in FAULTS}
