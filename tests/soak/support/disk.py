"""A full disk at a step, and a pool that cannot be written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from faults import Outcome, Run, Step, stopping

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

FULL = {
    "collect": (STEPS["collect"], FILL),
    "compress": (STEPS["compress"], FILL),
    "publish": (STEPS["pool"], FILL_INODES),
    "manifest": (Step("event", "open */static/manifests/*"), FILL),
    "ledger": (Step("event", "open */static/.ledger.json*"), FILL),
}
"""Where the disk becomes full, and what becomes full: its blocks or its list of files."""


@contextlib.contextmanager
def small_disk(world: World) -> Iterator[None]:
    """The project's static files stand on a small file system of their own meanwhile."""
    with world.outage():
        world.server.shell(ON_THE_SMALL_DISK)
    try:
        yield
    finally:
        with world.outage():
            world.server.shell(f"rm -rf {FILLER}; {BACK}")


def full(step: str) -> Case:
    """The disk is full from this step on; with room again, the next release completes."""

    def case(world: World) -> None:
        place, fill = FULL[step]
        with small_disk(world):
            before = world.state()
            with stopping(world.server):
                world.change()
                run = Run.of_command(world.server, PROJECT, WORDS, place)
                world.server.shell(fill, check=False)
                run.go_on()
                outcome = run.finish()
            names(outcome, "No space left")
            world.check_untouched(before)
            world.server.run("rm", "-rf", FILLER)
            world.check_next(before)

    return case


def names(outcome: Outcome, words: str) -> None:
    """The command failed with a message that has these words."""
    expect(outcome.code, f"the command succeeded: {outcome.text}")
    expect(words in outcome.text, f"the message says: {outcome.text[-600:]}")


def read_only_pool(world: World) -> None:
    """The pool cannot be written: nothing is published."""
    before = world.state()
    world.change()
    pool = f"{STATIC}/pool"
    world.server.shell(f"mount --bind {pool} {pool} && mount -o remount,ro,bind {pool}")
    try:
        outcome = world.call(*WORDS)
    finally:
        world.server.run("umount", pool)
    names(outcome, "Read-only file system")
    world.check_untouched(before)
    world.check_next(before)


CASES: dict[str, Case] = {
    **{f"disk full: {step}": full(step) for step in FULL},
    "read-only pool": read_only_pool,
}
