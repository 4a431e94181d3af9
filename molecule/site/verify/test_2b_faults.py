"""One fault of each kind at a step of a release, under the poller; `make soak` has all of them."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest
from checks import HASHED
from faults import Outcome, Run, Step, stopping
from releases import change_css, css, current, polled
from server import PORTS, Server, play, playbook_words, succeed, wait_for_page

PUBLISH = ["--json", "static", "publish"]
STATIC = "/var/lib/stowage/trails/static"
SMALL_DISK = f"""
mkdir -p /mnt/small && mount -t tmpfs -o size=64m tmpfs /mnt/small
cp -a {STATIC}/. /mnt/small/ && mount --bind /mnt/small {STATIC}
"""
FILL = "fallocate -l $(df --block-size=1 --output=avail /mnt/small | tail -1) /mnt/small/filler"


@pytest.fixture(autouse=True)
def the_command_stops_at_a_step(server: Server) -> Iterator[None]:
    with stopping(server):
        yield


def attention(server: Server) -> list[str]:
    text = server.run("stowage", "-p", "trails", "--json", "status")
    found: list[str] = json.loads(text)["attention"]
    return found


def next_release_completes(server: Server, before: str, old: str) -> str:
    """A playbook's output; nothing is left of the run that a fault has met."""
    output = succeed(play("release_site", "trails"))
    site = server.site("trails")
    assert current(server) != before
    assert css(site) != old
    assert HASHED.search(css(site))
    assert attention(server) == []
    assert server.shell(f"ls {STATIC}/staging 2>/dev/null", check=False) == ""
    names = server.shell("docker ps --all --format '{{.Names}}'").split()
    assert not [name for name in names if name.startswith("stowage-trails-")]
    assert len([name for name in names if name.startswith("configurations-web-")]) == 1
    return re.sub(r"\s+", " ", output)


def test_the_controller_killed_in_the_middle_of_a_release(server: Server) -> None:
    """kill -9 of the whole process group; the command on the server ends by itself."""
    before, old = current(server), css(server.site("trails"))
    change_css(server, "orange")
    with polled(server):
        step = Step("line", "Collecting static files*")
        run = Run(server, playbook_words("release_site", "trails"), step)
        os.killpg(run.process.pid, signal.SIGKILL)
        run.finish()
        assert (current(server), css(server.site("trails"))) == (before, old)
        run.go_on()
        next_release_completes(server, before, old)


def test_the_command_killed_in_the_middle_of_a_switch(server: Server) -> None:
    """kill -9 on the server: a whole release serves on, the next run undoes and completes."""
    before, old = current(server), css(server.site("trails"))
    change_css(server, "purple")
    with polled(server):
        Run.of_command(
            server, "trails", PUBLISH, Step("event", "os.rename */static/current")
        ).kill()
        assert any("half done" in text for text in attention(server))
        assert (current(server), css(server.site("trails"))) == (before, old)
        assert "has been undone" in next_release_completes(server, before, old)


def test_the_engine_killed_while_static_files_are_collected(server: Server) -> None:
    """kill -9 of dockerd: the command says so, every site comes back, the next run completes.

    The new dockerd takes containers with `restart: unless-stopped` for stopped by a person.
    """
    before, old = current(server), css(server.site("trails"))
    change_css(server, "navy")
    with polled(server) as poller:
        poller.outage = True
        run = Run.of_command(
            server, "trails", PUBLISH, Step("line", "Collecting static files*", 0.5)
        )
        server.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "docker")
        run.go_on()
        outcome = run.finish()
        server.run("systemctl", "start", "docker.service")
        for project in PORTS:
            server.run("stowage", "-p", project, "compose", "up", "--detach")
            wait_for_page(server, project)
        failed(outcome, "docker|collected")
        assert (current(server), css(server.site("trails"))) == (before, old)
        next_release_completes(server, before, old)


def test_the_disk_full_while_files_are_compressed(server: Server) -> None:
    """Nothing is published; the message says what is full."""
    before, old = current(server), css(server.site("trails"))
    change_css(server, "teal")
    with polled(server):
        server.shell(SMALL_DISK)
        try:
            run = Run.of_command(
                server, "trails", PUBLISH, Step("event", "subprocess.Popen brotli *")
            )
            server.shell(FILL)
            run.go_on()
            failed(run.finish(), "No space left on device")
            assert current(server) == before
        finally:
            server.shell(f"umount {STATIC}; umount /mnt/small")
        assert (current(server), css(server.site("trails"))) == (before, old)
        next_release_completes(server, before, old)


def failed(outcome: Outcome, words: str) -> None:
    assert outcome.code != 0, outcome.text
    assert re.search(words, outcome.text, re.IGNORECASE), outcome.text[-3000:]
