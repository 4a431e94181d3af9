# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Restarting the application without a refused request.

A second container of the serving service starts beside the first and must be healthy before the
first one stops; nginx is pinned to one of them by name, as Docker's name server also gives out
containers that are still starting. Where the project does not allow two containers, it is
restarted plainly.
"""

from __future__ import annotations

import json
import time
from typing import Any

from . import engine, nginx
from .engine import say
from .errors import EngineError, HealthError
from .health import REFUSED_SECONDS, failure, is_gone, problem_of
from .site import Site

DRAIN_SECONDS = 1.5
"""nginx's old workers still connect to the former container for a moment after a reload."""
STOP_SECONDS = 30
WAIT_SECONDS = 120.0


def obstacle(site: Site) -> str:
    """Why there cannot be two containers of the serving service for a moment; '' if there can."""
    if not site.nginx_service or not site.compose.containers(site.nginx_service):
        return "nginx does not run yet"
    running = site.compose.containers(site.project.service)
    if len(running) != 1:
        return f"{len(running)} containers of it run"
    text = site.compose.check("config", "--format", "json", overlays=[site.paths.overlay])
    service: dict[str, Any] = json.loads(text)["services"][site.project.service]
    if service.get("container_name"):
        return f"its container has the fixed name {service['container_name']}"
    if any(port.get("published") for port in service.get("ports") or []):
        return "it publishes a host port"
    if service.get("network_mode"):
        return f"its network mode is {service['network_mode']}"
    return ""


def is_outdated(site: Site) -> bool:
    """Whether Compose would replace the running container of the serving service.

    Asked without `--no-deps`: that takes `depends_on` out of what Compose compares.
    """
    name = _name(site.compose.containers(site.project.service)[0])
    words = ["--dry-run", "up", "--detach", site.project.service]
    result = site.compose.run(*words, overlays=[site.paths.overlay])
    return f"{name} Recreate" in " ".join((result.stdout + result.stderr).split())


def restart(site: Site) -> None:
    """Replace the serving container by a new one, once that is healthy.

    Raises HealthError where it does not become healthy; the former one has then served on.
    """
    service, port = site.project.service, site.project.port
    old = site.compose.containers(service)[0]
    _pin(site, _name(old))
    try:
        new = _second(site, old)
        say(f"Waiting for {_name(new)} beside {_name(old)}")
        _wait(site, new)
        _pin(site, _name(new))
        time.sleep(DRAIN_SECONDS)
        engine.docker("stop", "-t", str(STOP_SECONDS), old["Id"])
        engine.remove_container(old["Id"])
    finally:
        nginx.write_upstream(site.paths, f"{service}:{port}")
        nginx.load(site.compose, site.paths, site.nginx_service)


def _name(container: dict[str, Any]) -> str:
    return str(container["Name"]).lstrip("/")


def _pin(site: Site, name: str) -> None:
    """Let nginx ask one container, whatever else answers to the service's name."""
    nginx.write_upstream(site.paths, f"{name}:{site.project.port}")
    nginx.load(site.compose, site.paths, site.nginx_service)


def _second(site: Site, old: dict[str, Any]) -> dict[str, Any]:
    """A second container of the serving service, as the overlay describes it now."""
    service = site.project.service
    words = ["up", "--detach", "--no-recreate", "--scale", f"{service}=2", service]
    result = site.compose.run(*words, overlays=[site.paths.overlay])
    found = [c for c in site.compose.containers(service, everything=True) if c["Id"] != old["Id"]]
    if result.code or not found:
        for container in found:
            engine.remove_container(container["Id"])
        raise EngineError(f"a second container of {service} does not start: {result.tail()}")
    return found[0]


def _wait(site: Site, new: dict[str, Any]) -> None:
    """Wait until the new container is healthy; remove it where it is not."""
    started = time.monotonic()
    deadline = started + WAIT_SECONDS
    while True:
        container = engine.inspect_containers([new["Id"]])[0]
        problem = problem_of(site.project, container)
        if not problem:
            return
        if " was answered 4" in problem:
            deadline = min(deadline, started + REFUSED_SECONDS)
        if time.monotonic() >= deadline or is_gone(container):
            error: HealthError = failure(site.project, container, problem)
            engine.remove_container(new["Id"])
            raise error
        time.sleep(0.2)
