"""What counts as healthy, asked of a real HTTP server and of `docker inspect` documents."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from stowage_host import health
from stowage_host.project import Project


class Handler(BaseHTTPRequestHandler):
    """Answers /STATUS with that status, and 400 to a Host that is not the site's."""

    def do_GET(self) -> None:
        own = self.headers["Host"] == "shop.example.org"
        self.send_response(int(self.path.strip("/") or 200) if own else 400)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def container(service: str = "web", seconds: float = 100, **state: Any) -> dict[str, Any]:
    """A container that was started so many seconds ago."""
    started = datetime.now(UTC) - timedelta(seconds=seconds)
    status = {
        "Status": "running",
        "Running": True,
        "ExitCode": 0,
        "StartedAt": started.strftime("%Y-%m-%dT%H:%M:%S.123456789Z"),
    }
    return {
        "Id": "1",
        "State": {**status, **state},
        "RestartCount": 0,
        "HostConfig": {"NetworkMode": "host"},
        "NetworkSettings": {"Networks": {}},
        "Config": {"Labels": {"com.docker.compose.service": service}},
    }


@pytest.mark.parametrize(
    ("path", "host", "expected"),
    [
        pytest.param("/", "shop.example.org", "", id="200"),
        pytest.param("/302", "shop.example.org", "", id="a-redirection-is-an-answer"),
        pytest.param("/404", "shop.example.org", "answered 404", id="404"),
        pytest.param("/500", "shop.example.org", "answered 500", id="500"),
        pytest.param("/", "other.example.org", "answered 400", id="the-host-counts"),
    ],
)
def test_an_answer_decides(port: int, path: str, host: str, expected: str) -> None:
    reason = health.answers(container(), port, path, host)
    assert (expected in reason) if expected else reason == ""


def test_nobody_there_is_a_reason() -> None:
    assert "ConnectionRefusedError" in health.answers(container(), 1, "/", "shop.example.org")


@pytest.mark.parametrize(
    ("changes", "restarts", "expected", "gone"),
    [
        pytest.param({"Health": {"Status": "healthy"}}, 0, "", False, id="healthy"),
        pytest.param({"Health": {"Status": "starting"}}, 0, "starting", False, id="starting"),
        pytest.param({}, 0, "", False, id="no-healthcheck"),
        pytest.param({}, 5, "", False, id="crashed-in-former-days"),
        pytest.param({"seconds": 1}, 1, "started again 1", False, id="crashed-just-now"),
        pytest.param({"seconds": 1}, 3, "started again 3", True, id="crashes-again-and-again"),
        pytest.param(
            {"Status": "exited", "Running": False, "ExitCode": 3}, 0, "exit code 3", True, id="exit"
        ),
        pytest.param(
            {"Status": "restarting", "Restarting": True}, 1, "restarting", False, id="restarting"
        ),
    ],
)
def test_a_worker(
    project: Project, changes: dict[str, Any], restarts: int, expected: str, gone: bool
) -> None:
    worker = container("worker", **changes)
    worker["RestartCount"] = restarts
    problem = health.problem_of(project, worker)
    assert (expected in problem) if expected else problem == ""
    assert health.is_gone(worker) is gone
