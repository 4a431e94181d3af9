# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the application is up: by its Compose healthcheck, else by a request."""

from __future__ import annotations

import http.client
import time
from datetime import datetime, timezone
from typing import Any

from . import engine
from .compose import Compose, service_of
from .errors import HealthError
from .project import Project

WAIT_SECONDS = 120.0
NGINX_SECONDS = 10.0
"""How long nginx may take to serve an application that is healthy already."""
LOG_LINES = 40
REFUSED_SECONDS = 15.0
"""How long an application may answer 4xx: one that is still starting refuses or answers 5xx."""
SETTLED_SECONDS = 10.0
"""A process that was started again and has lived for so long is not in a circle of crashes."""


def request(address: str, port: int, path: str, host: str, timeout: float = 5.0) -> tuple[int, str]:
    """GET `path` by plain HTTP; the status, or 0 and the reason why there was no answer."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host, "User-Agent": "stowage"})
        return connection.getresponse().status, ""
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def answers(container: dict[str, Any], port: int, path: str, host: str) -> str:
    """Why the container does not answer `path` as a healthy one would; '' if it does.

    A redirection counts as healthy (to https, to a login); 4xx and 5xx do not.
    """
    reason = "it has no address"
    for address in engine.addresses(container):
        status, reason = request(address, port, path, host)
        if 200 <= status < 400:
            return ""
        if status:
            reason = f"GET {path} with Host {host} was answered {status}"
    return reason


def problem_of(project: Project, container: dict[str, Any]) -> str:
    """Why a container of a Django service is not healthy yet; '' if it is."""
    state = container["State"]
    if not state["Running"] or state.get("Restarting"):
        return f"its container is {state['Status']} (exit code {state['ExitCode']})"
    if state.get("Health"):
        status = str(state["Health"]["Status"])
        return "" if status == "healthy" else f"its healthcheck says {status}"
    if container.get("RestartCount") and uptime_seconds(container) < SETTLED_SECONDS:
        return f"it was started again {container['RestartCount']} times"
    if service_of(container) == project.service:
        return answers(container, project.port, project.health_path, project.host)
    return ""


def is_gone(container: dict[str, Any]) -> bool:
    """A container that waiting will not heal: it stopped, or restarts for the third time."""
    state = container["State"]
    again = container.get("RestartCount", 0) >= 3 and uptime_seconds(container) < SETTLED_SECONDS
    return state["Status"] in ("exited", "dead") or again


def uptime_seconds(container: dict[str, Any]) -> float:
    """For how long the container's process has been running, or since when it last was."""
    started = str(container["State"]["StartedAt"]).partition(".")[0].rstrip("Z")
    moment = datetime.strptime(started, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return (datetime.now(timezone.utc) - moment).total_seconds()


def _log_tail(container: dict[str, Any]) -> str:
    result = engine.run(["docker", "logs", "--tail", str(LOG_LINES), container["Id"]])
    return (result.stdout + result.stderr).strip()


def wait_for(compose: Compose, nginx_service: str, wait_seconds: float = WAIT_SECONDS) -> None:
    """Wait until every Django service and nginx are healthy.

    Raises HealthError with the reason and the last log lines of the container that is not.
    """
    project = compose.project
    started = time.monotonic()
    deadline = started + wait_seconds
    while True:
        containers = compose.containers(*project.services, everything=True)
        problems = [
            (container, problem)
            for container in containers
            if (problem := problem_of(project, container))
        ]
        missing = set(project.services) - {service_of(container) for container in containers}
        if not problems and not missing:
            break
        if any(" was answered 4" in problem for _, problem in problems):
            deadline = min(deadline, started + REFUSED_SECONDS)
        if time.monotonic() >= deadline or any(is_gone(container) for container, _ in problems):
            if not problems:
                names = ", ".join(sorted(missing))
                raise HealthError(f"the services {names} have no container")
            raise failure(project, *problems[0])
        time.sleep(0.3)
    if nginx_service:
        _wait_for_nginx(compose, nginx_service, time.monotonic() + NGINX_SECONDS)


def failure(project: Project, container: dict[str, Any], problem: str) -> HealthError:
    """The error for a container that is not healthy, with its own last words."""
    return HealthError(
        f"the service {service_of(container)} is not healthy: {problem} "
        f"(django_project_port is {project.port}, django_project_health_path is "
        f"{project.health_path}). Its last log lines:\n{_log_tail(container)}"
    )


def _wait_for_nginx(compose: Compose, service: str, deadline: float) -> None:
    """Wait until the site answers through nginx: resolver, upstream and configuration are right."""
    project = compose.project
    while True:
        containers = compose.containers(service, everything=True)
        problem = "it has no container"
        if containers:
            problem = answers(containers[0], 80, project.health_path, project.host)
        if not problem:
            return
        if time.monotonic() >= deadline or (containers and is_gone(containers[0])):
            log = _log_tail(containers[0]) if containers else ""
            raise HealthError(f"the service {service} does not serve the site: {problem}.\n{log}")
        time.sleep(0.3)
