"""Releases: identity, content, a release that breaks, a controller that dies."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from typing import Any

import pytest
from checks import HASHED, Site, assets
from server import REPOSITORY, Server, play, playbook_words, succeed

CSS = "/srv/configurations/trails/static/trails/trails.css"


def css(site: Site) -> str:
    """The stylesheet that the page names."""
    return next(url for url in assets(site.page("/")) if url.endswith(".css"))


def releases(server: Server, project: str = "trails") -> list[dict[str, Any]]:
    text = server.run("stowage", "-p", project, "--json", "static", "list")
    rows: list[dict[str, Any]] = json.loads(text)["releases"]
    return rows


def current(server: Server) -> str:
    return next(str(row["id"]) for row in releases(server) if row["current"])


def change_css(server: Server, colour: str) -> None:
    server.shell(f"echo '.changed {{ color: {colour} }}' >> {CSS}")


class Poller(threading.Thread):
    """Asks for a URL again and again; keeps every answer that is not 200."""

    def __init__(self, site: Site, url: str) -> None:
        super().__init__(daemon=True)
        self.site, self.url, self.asked = site, url, 0
        self.bad: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(0.02):
            try:
                status = str(self.site.request(self.url).status)
            except OSError as error:
                status = repr(error)
            self.asked += 1
            if status != "200":
                self.bad.append(status)

    def stop(self) -> None:
        self.ending.set()
        self.join()


def test_a_changed_stylesheet_is_a_new_release_and_the_old_one_answers_on(server: Server) -> None:
    site = server.site("trails")
    old = css(site)
    change_css(server, "red")
    poller = Poller(site, old)
    poller.start()
    succeed(play("release_site", "trails"))
    poller.stop()
    assert poller.asked > 20
    assert poller.bad == []
    assert css(site) != old
    row = releases(server)[-1]
    assert (row["current"], row["new_files"]) == (True, 1)


def test_a_second_release_without_a_change_is_none(server: Server) -> None:
    before = releases(server)
    assert "changed=0" in succeed(play("release_site", "trails"))
    assert releases(server) == before


def test_a_given_id_names_the_release_and_is_refused_for_other_content(server: Server) -> None:
    change_css(server, "green")
    succeed(play("release_site", "trails", "static_files_release_id=v1.0"))
    assert current(server) == "v1.0"
    change_css(server, "blue")
    done = play("release_site", "trails", "static_files_release_id=v1.0")
    assert done.returncode != 0
    assert "static_files_release_id: 'v1.0': was used for other content" in done.stdout
    assert current(server) == "v1.0"


def test_a_release_that_does_not_start_is_put_back(server: Server) -> None:
    """The application dies at import; the message has its own words, and the site serves on."""
    site, before, serving = server.site("trails"), css(server.site("trails")), current(server)
    wsgi = "/srv/configurations/trails/wsgi.py"
    server.shell(f"cp {wsgi} /root/wsgi.py && echo 'raise RuntimeError(\"no start\")' >> {wsgi}")
    done = play("release_site", "trails")
    server.shell(f"cp /root/wsgi.py {wsgi}")
    assert done.returncode != 0
    assert "no start" in done.stdout
    assert f"{serving} serves again" in done.stdout
    assert (css(site), current(server)) == (before, serving)


@pytest.mark.parametrize(
    ("project", "place"),
    [
        pytest.param("trails", CSS, id="found-by-the-projects-own-build"),
        pytest.param(
            "shoebox", "/srv/legacy_names/static/styles/shoebox.css", id="found-by-the-collector"
        ),
    ],
)
def test_a_missing_reference_stops_the_release_before_the_switch(
    server: Server, project: str, place: str
) -> None:
    before = releases(server, project)
    server.shell(f"cp {place} /root/css && echo '.x {{ background: url(nowhere.png) }}' >> {place}")
    done = play("release_site", project)
    server.shell(f"cp /root/css {place}")
    assert done.returncode != 0
    assert "nowhere.png" in done.stdout
    assert releases(server, project) == before


def wait_for_switch(server: Server, seconds: float = 60) -> None:
    """Return as soon as the release has announced its switch."""
    deadline = time.monotonic() + seconds
    place = "/var/lib/stowage/trails/static/switch.json"
    while "yes" not in server.shell(f"test -e {place} && echo yes", check=False):
        assert time.monotonic() < deadline, "no switch was announced"
        time.sleep(0.05)


def start_release() -> subprocess.Popen[str]:
    return subprocess.Popen(
        playbook_words("release_site", "trails"),
        cwd=REPOSITORY,
        text=True,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_the_controller_killed_in_the_middle_of_a_release(server: Server) -> None:
    """kill -9 of the whole process group: the old files serve on, the next run completes."""
    site = server.site("trails")
    old = css(site)
    change_css(server, "orange")
    poller = Poller(site, old)
    poller.start()
    controller = start_release()
    wait_for_switch(server)
    os.killpg(controller.pid, signal.SIGKILL)
    controller.wait()
    succeed(play("release_site", "trails"))
    poller.stop()
    assert poller.bad == []
    assert css(site) != old
    assert HASHED.search(css(site))


def test_the_command_killed_in_the_middle_of_a_switch(server: Server) -> None:
    """kill -9 on the server: a whole release serves on, the next run undoes and completes."""
    site, serving = server.site("trails"), current(server)
    old = css(site)
    change_css(server, "purple")
    poller = Poller(site, old)
    poller.start()
    controller = start_release()
    wait_for_switch(server)
    server.shell("pkill -9 -f 'stowage.*static publish'")
    controller.wait()
    attention = json.loads(server.run("stowage", "-p", "trails", "--json", "status"))["attention"]
    assert any("half done" in text for text in attention)
    assert current(server) == serving
    output = succeed(play("release_site", "trails"))
    poller.stop()
    assert "has been undone" in re.sub(r"\s+", " ", output)
    assert poller.bad == []
    assert current(server) != serving
    assert css(site) != old
