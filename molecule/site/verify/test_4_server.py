"""What happens on a server: Compose commands typed by hand, a power cut."""

from __future__ import annotations

import json
import subprocess

import pytest
from server import DIRECTORIES, PORTS, Server, wait_for_page


def wired(server: Server, project: str) -> list[bool]:
    text = server.run("stowage", "-p", project, "--json", "status")
    return [row["wired"] for row in json.loads(text)["services"]]


@pytest.mark.parametrize("words", ["up -d", "restart", "down && docker compose up -d"])
@pytest.mark.parametrize("project", ["trails", "shoebox"])
def test_a_plain_docker_compose_keeps_the_wiring(server: Server, project: str, words: str) -> None:
    """Trails by the symbolic link, shoebox by COMPOSE_FILE in its .env."""
    server.shell(f"cd {DIRECTORIES[project]} && docker compose {words}")
    wait_for_page(server, project)
    found = wired(server, project)
    assert found
    assert all(found)


def test_status_names_a_container_that_was_started_around_the_wiring(server: Server) -> None:
    """Named by --file, Compose loses the wiring; status says so and how to mend it."""
    file = "--file docker-compose.production.yml"
    server.shell(
        f"cd {DIRECTORIES['larder']} && docker compose {file} up -d --no-build worker", check=False
    )
    server.shell(f"cd {DIRECTORIES['larder']} && docker compose {file} up -d --build worker")
    status = json.loads(server.run("stowage", "-p", "larder", "--json", "status"))
    assert not all(row["wired"] for row in status["services"])
    assert any("without the wiring" in text for text in status["attention"])
    server.run("stowage", "-p", "larder", "compose", "up", "-d")
    assert all(wired(server, "larder"))


def test_status_knows_that_the_way_to_the_overlay_is_gone(server: Server) -> None:
    link = f"{DIRECTORIES['trails']}/compose.override.yaml"
    server.run("mv", link, "/root/link")
    status = json.loads(server.run("stowage", "-p", "trails", "--json", "status"))
    server.run("mv", "/root/link", link)
    assert status["link"] == "none"
    assert any("does not find the wiring" in text for text in status["attention"])
    assert json.loads(server.run("stowage", "-p", "trails", "--json", "status"))["attention"] == []


def test_a_stray_build_cannot_become_the_release(server: Server) -> None:
    before = server.run(
        "docker", "image", "inspect", "--format", "{{.Id}}", "stowage/trails:current"
    )
    server.shell("cd /srv/configurations && docker compose build && docker compose up -d")
    after = server.run(
        "docker", "image", "inspect", "--format", "{{.Id}}", "stowage/trails:current"
    )
    assert after == before


def test_the_power_is_cut_and_comes_back(server: Server) -> None:
    subprocess.run(["docker", "kill", server.name], check=True, capture_output=True)
    subprocess.run(["docker", "start", server.name], check=True, capture_output=True)
    server.run("/usr/local/libexec/stowage-bed/wait-running")
    for project in PORTS:
        wait_for_page(server, project)
