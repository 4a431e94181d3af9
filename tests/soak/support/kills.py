"""kill -9 of the command, the controller, the engine and the server, each at a step."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

from faults import Run, Step, stopping
from server import playbook_words

from .world import PROJECT, WORDS, World, expect

STEPS = {
    "build": Step("line", "Building the image*"),
    "building": Step("line", "Building the image*", 0.8),
    "inspect": Step("event", "subprocess.Popen * run *-inspect*", 0.3),
    "collect": Step("line", "Collecting static files*"),
    "collecting": Step("line", "Collecting static files*", 0.7),
    "compress": Step("event", "subprocess.Popen brotli *"),
    "publish": Step("line", "Publishing*"),
    "pool": Step("event", "os.[lr]* */static/pool/*"),
    "manifest": Step("event", "os.rename */static/manifests/*"),
    "check": Step("line", "Checking*"),
    "command": Step("line", "Running*", 0.4),
    "switch": Step("line", "Switching to*"),
    "announce": Step("event", "os.rename */switch.json"),
    "tag": Step("event", "subprocess.Popen docker tag *"),
    "environment": Step("event", "os.rename */release.env"),
    "link": Step("event", "os.rename */static/current"),
    "second": Step("event", "subprocess.Popen *--scale*", 0.4),
    "waiting": Step("line", "Waiting for * beside *"),
    "stop": Step("event", "subprocess.Popen docker stop *", 0.2),
    "ledger": Step("event", "os.rename */static/ledger.json"),
    "recorded": Step("event", "os.remove */switch.json"),
    "prune": Step("event", "os.remove */static/pool/*"),
}
"""The steps of a release in their order."""

BEFORE_THE_SWITCH = list(STEPS)[: list(STEPS).index("announce") + 1]
RECORDED = ("recorded", "prune")
"""Where the ledger names the new release already."""

TOLD = "docker|does not build|cannot be collected|failed with|not healthy"
"""What a message says of an engine that went away: the engine itself, or what it did just then."""

Case = Callable[[World], None]


def start(world: World, step: str, words: list[str] = WORDS) -> Run:
    """A release of changed files by the command, which stands at the step."""
    world.change()
    return Run.of_command(world.server, PROJECT, words, STEPS[step])


def command(step: str) -> Case:
    """The command dies. What it started on the engine goes on."""

    def case(world: World) -> None:
        before = world.state()
        with stopping(world.server):
            start(world, step).kill()
        if step in BEFORE_THE_SWITCH:
            world.check_untouched(before)
        settle(world, step, before.release, world.publish)

    return case


def settle(world: World, step: str, before: str, again: Callable[[], object]) -> None:
    """What a visitor sees is whole, the ledger names what it has to, the next run completes."""
    world.check_page()
    release = world.state().release
    if step in RECORDED:
        expect(release != before, f"the ledger names {before} still")
        again()
        world.check_clean()
        return
    expect(release == before, f"the ledger names {release} instead of {before}")
    again()
    after = world.state()
    expect(after.release != before, f"{before} serves still")
    world.check_page()
    world.check_clean()


def controller(step: str) -> Case:
    """The process group of ansible-playbook dies; the command on the server may go on."""

    def case(world: World) -> None:
        before = world.state()
        with stopping(world.server):
            world.change()
            run = Run(world.server, playbook_words("release_site", PROJECT), STEPS[step])
            os.killpg(run.process.pid, signal.SIGKILL)
            run.finish()
            time.sleep(0.5)
            run.go_on()
            world.check_page()
            while _lives(world, run):
                time.sleep(0.2)
        world.check_page()
        world.play()
        expect(world.state().release != before.release, f"{before.release} serves still")
        world.check_clean()

    return case


def _lives(world: World, run: Run) -> bool:
    return "yes" in world.server.shell(f"test -e /proc/{run.id} && echo yes", check=False)


def engine(step: str) -> Case:
    """dockerd dies under the command, and is started again. The command may have waited for it."""

    def case(world: World) -> None:
        before = world.state()
        with stopping(world.server):
            run = start(world, step)
            with world.outage():
                # systemd gives up on a service that was started three times within a minute.
                world.server.run("systemctl", "reset-failed", "docker.service")
                world.server.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "docker")
                run.go_on()
                outcome = run.finish()
                world.server.run("systemctl", "start", "docker.service")
                world.revive()
        if outcome.code == 0:
            expect(world.state().release != before.release, "it says that it released")
            world.check_page()
            world.check_clean()
            return
        told = re.search(TOLD, outcome.text, re.IGNORECASE)
        expect(told, f"the message says: {outcome.text[-600:]}")
        settle(world, step, before.release, world.play)

    return case


def server(step: str) -> Case:
    """The server loses its power, and comes back."""

    def case(world: World) -> None:
        before = world.state()
        with stopping(world.server):
            run = start(world, step)
            with world.outage():
                words = ["docker", "kill", world.server.name]
                subprocess.run(words, check=True, capture_output=True)
                run.finish()
                world.start_server()
        settle(world, step, before.release, world.play)

    return case


CASES: dict[str, Case] = {
    **{f"command killed: {step}": command(step) for step in STEPS},
    **{
        f"controller killed: {step}": controller(step)
        for step in ("building", "collecting", "publish", "command", "switch", "waiting")
    },
    **{
        f"engine killed: {step}": engine(step)
        for step in ("building", "collecting", "command", "switch", "link", "second")
    },
    **{
        f"server killed: {step}": server(step)
        for step in ("building", "collecting", "pool", "link", "second", "ledger")
    },
}
