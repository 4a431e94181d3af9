"""The site under test: what it serves, how its source changes, what must hold after a fault."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from checks import Site, all_assets
from faults import Outcome
from poller import HASH, Count, Fault, FilePoller
from releases import manifests, releases
from server import HOSTS, PORTS, Server, play

from .bed import DIRECTORY, SERVER

PROJECT = "trails"
STATIC = f"/var/lib/stowage/{PROJECT}/static"
WAIT = "/usr/local/libexec/stowage-bed/wait-running"
WORDS = ["--json", "static", "publish"]


class DoesNotHold(Exception):
    """A sentence about what should have been so."""


def expect(holds: object, what: str) -> None:
    """Raise DoesNotHold with `what` where something is not so."""
    if not holds:
        raise DoesNotHold(what)


@dataclass(frozen=True)
class State:
    """What a visitor and an administrator see: the release, and the page's static files."""

    release: str
    assets: tuple[str, ...]


@dataclass
class World:
    """The server and the poller that never stops."""

    server: Server = field(default_factory=lambda: Server(SERVER))
    changes: int = 0
    down: list[tuple[float, float]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    """What a case measured besides, for its line."""

    def __post_init__(self) -> None:
        self.address = self.server.address()
        self.site = Site(self.address, PORTS[PROJECT], HOSTS[PROJECT])
        self.poller = FilePoller(
            self.address, PORTS[PROJECT], HOSTS[PROJECT], lambda: manifests(self.server, PROJECT)
        )

    # What there is

    def stowage(self, *words: str, check: bool = True) -> dict[str, Any]:
        """A call of the command with --json."""
        text = self.server.run("stowage", "-p", PROJECT, "--json", *words, check=check)
        document: dict[str, Any] = json.loads(text)
        return document

    def stowage_compose(self, *words: str) -> None:
        """The project's own Compose, as a person types it."""
        self.server.run("stowage", "-p", PROJECT, "compose", *words)

    def releases(self) -> list[dict[str, Any]]:
        """The ledger's rows, newest last."""
        return releases(self.server, PROJECT)

    def state(self) -> State:
        release = next((str(row["id"]) for row in self.releases() if row["current"]), "")
        return State(release, tuple(all_assets(self.site, self.site.page("/"))))

    # What is done to it

    def change(self) -> None:
        """Other content of the stylesheet, a script and an image."""
        self.changes += 1
        mark = f"{self.changes}-{time.time_ns()}"
        static = f"{DIRECTORY}/trails/static/trails"
        self.server.shell(
            f"cd {static} && echo '.c {{ order: {self.changes} }} /* {mark} */' >> trails.css && "
            f"echo 'console.log(\"{mark}\");' >> trails.js && echo '<!-- {mark} -->' >> hills.svg"
        )

    def publish(self) -> dict[str, Any]:
        """The next release, by the command."""
        return self.stowage("static", "publish")

    def call(self, *words: str) -> Outcome:
        """A call of the command that may fail."""
        line = ["docker", "exec", self.server.name, "stowage", "-p", PROJECT, *words]
        done = subprocess.run(
            line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return Outcome(done.returncode, done.stdout)

    def play(self, name: str = "release_site", *extra: str) -> str:
        """A playbook that has to succeed; its output."""
        done = play(name, PROJECT, *extra)
        expect(done.returncode == 0, f"{name} failed: {done.stdout[-3000:]}")
        return done.stdout

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """While this lasts, and until the page answers again, connections may be refused."""
        since = time.time()
        try:
            yield
            self.wait_for_page()
        finally:
            self.down.append((since, time.time() + 0.5))

    def revive(self) -> None:
        """Bring the site up as a person does after dockerd was killed.

        A new dockerd stops what the killed one left running, and takes a container of the policy
        `unless-stopped` for one that a person has stopped (moby 26, without live-restore).
        """
        try:
            self.wait_for_page(5)
        except DoesNotHold:
            self.figures["brought_up"] = "stowage compose up"
            self.stowage_compose("up", "--detach")

    def start_server(self) -> None:
        subprocess.run(["docker", "start", self.server.name], check=True, capture_output=True)
        self.server.run(WAIT)

    def wait_for_page(self, seconds: float = 90) -> None:
        """Return as soon as the page and its files answer."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(OSError, SystemExit):
                self.site.page("/")
                return
            expect(time.monotonic() < deadline, f"the page does not answer within {seconds:g} s")
            time.sleep(0.1)

    # What must hold

    def judge(self, count: Count) -> tuple[list[Fault], list[Fault]]:
        """Wrong answers, and connections refused while nothing was down."""
        refused = [
            fault
            for fault in count.refused
            if not any(since - 0.1 <= fault.at <= until for since, until in self.down)
        ]
        return count.wrong, refused

    def check_page(self) -> None:
        """The page and each of its files answer, whichever release they are of."""
        self.check_assets(State("", tuple(all_assets(self.site, self.site.page("/")))))

    def check_assets(self, page: State) -> None:
        """Every file that a page named answers."""
        expect(page.assets, "the page names no file")
        for url in page.assets:
            answer = self.site.request(url)
            expect(HASH.search(url) and answer.status == 200, f"{url}: {answer.status}")

    def check_untouched(self, before: State) -> None:
        """The old release serves as if nothing had happened."""
        after = self.state()
        expect(after == before, f"served and recorded was {before}, now {after}")
        status = self.stowage("status")
        expect(status["release"] == before.release, f"status says {status['release']}")
        self.check_page()

    def check_next(self, before: State) -> None:
        """The next release_site completes, serves something new and leaves nothing behind."""
        self.play()
        after = self.state()
        expect(after.release != before.release, f"{before.release} serves still")
        expect(after.assets != before.assets, "the page names the old files still")
        self.check_page()
        self.check_clean()

    def check_clean(self) -> None:
        """No staging, no half-written file, no container but the two of the site."""
        status = self.stowage("status")
        expect(status["attention"] == [], f"status says {status['attention']}")
        text = (
            f"cd /var/lib/stowage/{PROJECT} && find static/staging -mindepth 1 2>/dev/null; "
            "find . -name '.*' ! -name . ; test ! -e static/switch.json || echo switch.json"
        )
        found = self.server.shell(text, check=False).split()
        expect(not found, f"left behind: {found[:10]}")
        names = self.server.shell("docker ps --all --format '{{.Names}} {{.Status}}'").splitlines()
        extra = [name for name in names if " Up " not in name or name.startswith("stowage-")]
        expect(len(names) == 2 and not extra, f"containers: {names}")
