"""The server of the scenario, its sites, and playbooks run against it as a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from checks import Site, assets

REPOSITORY = Path(__file__).resolve().parents[3]
PORTS = {"library": 8080, "larder": 80, "trails": 8003, "shoebox": 8002, "kiosk": 8004}
"""Where each project answers on the server; larder through its own proxy in front."""
DIRECTORIES = {
    "library": "/srv/library",
    "larder": "/srv/split_settings",
    "trails": "/srv/configurations",
    "shoebox": "/srv/legacy_names",
    "kiosk": "/srv/bundles",
}
HOSTS = {
    "library": "library.example.org",
    "larder": "larder.example.org",
    "trails": "trails.example.org",
    "shoebox": "shoebox.example.net",
    "kiosk": "kiosk.example.com",
}


@dataclass(frozen=True)
class Server:
    """The server's container."""

    name: str

    def run(self, *words: str, check: bool = True) -> str:
        """Run a program on the server; its standard output."""
        done = subprocess.run(
            ["docker", "exec", self.name, *words], capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{words} failed: {done.stdout}{done.stderr}")
        return done.stdout

    def shell(self, text: str, check: bool = True) -> str:
        """Run a shell text on the server."""
        return self.run("bash", "-c", text, check=check)

    def address(self) -> str:
        """The server's address on the bed's network."""
        words = ["docker", "inspect", "--format"]
        words += ["{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.name]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    def site(self, project: str) -> Site:
        """A project's site, asked by its own name."""
        return Site(self.address(), PORTS[project], HOSTS[project])

    def container(self, project: str, service: str) -> str:
        """The id of the one running container of a service; its number changes by a release."""
        labels = f"--filter label=com.docker.compose.project={project}"
        labels += f" --filter label=com.docker.compose.service={service}"
        found = self.shell(f"docker ps --quiet {labels}").split()
        assert len(found) == 1, found
        return found[0]

    def containers(self) -> str:
        """Which containers run, since when, and of which image."""
        text = "docker ps --no-trunc --quiet | sort | xargs docker inspect --format"
        return self.shell(f"{text} '{{{{.Name}}}} {{{{.State.StartedAt}}}} {{{{.Image}}}}'")


def wait_for_page(server: Server, project: str, seconds: float = 90) -> None:
    """Wait until the page is served with hashed names again."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = server.site(project).request("/")
            if answer.status == 200 and assets(answer.text):
                return
        except OSError:
            pass
        assert time.monotonic() < deadline, f"{project} did not come back"
        time.sleep(0.5)


def playbook_words(name: str, project: str, *extra: str, check: bool = False) -> list[str]:
    """The command line of a playbook of the collection for one project."""
    return [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "--inventory",
        os.environ["SITE_INVENTORY"],
        "--limit",
        project,
        f"stowage.django.{name}",
        *(["--check", "--diff"] if check else []),
        *(word for value in extra for word in ("--extra-vars", value)),
    ]


def play(
    name: str, project: str, *extra: str, check: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the collection for one project; `extra` are extra variables.

    Standard output has the errors and warnings, too.
    """
    return subprocess.run(
        playbook_words(name, project, *extra, check=check),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )


def succeed(done: subprocess.CompletedProcess[str]) -> str:
    """The output of a run that has to succeed."""
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout
