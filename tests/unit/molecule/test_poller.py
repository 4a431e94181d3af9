"""The poller sees what it is there for: each kind of wrong answer, from a real server."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "molecule" / "site" / "verify"))

from poller import IMMUTABLE, Count, FilePoller

BODY = b"body { color: red }"
NAME = f"site.{hashlib.md5(BODY).hexdigest()[:12]}.css"
RIGHT = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": IMMUTABLE}


class Site(ThreadingHTTPServer):
    """Answers every request alike; `cut` sends less than it announced."""

    status, body, headers, cut = 200, BODY, RIGHT, 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Site)
        self.send_response(site.status)
        for name, value in site.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(site.body) + site.cut))
        self.end_headers()
        self.wfile.write(site.body)
        self.close_connection = bool(site.cut)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def polled(port: int) -> Count:
    poller = FilePoller("127.0.0.1", port, "a.example", lambda: [{"site.css": NAME}], rate=400)
    poller.start()
    threading.Event().wait(0.2)
    return poller.stop()


def test_right_answers_are_counted(site: Site) -> None:
    count = polled(site.server_port)
    assert count.requests > 20
    assert (count.wrong, count.refused) == ([], [])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param({"status": 404}, "status 404", id="missing"),
        pytest.param({"body": BODY[:9]}, "content of 9 bytes", id="truncated"),
        pytest.param({"body": b""}, "content of 0 bytes", id="empty"),
        pytest.param({"cut": 5}, "cut off", id="connection-lost-in-the-body"),
        pytest.param({"headers": {**RIGHT, "Cache-Control": "no-store"}}, "Cache", id="cache"),
        pytest.param({"headers": {**RIGHT, "Content-Type": "text/plain"}}, "type", id="type"),
    ],
)
def test_every_wrong_answer_is_kept(site: Site, change: dict[str, object], what: str) -> None:
    for name, value in change.items():
        setattr(site, name, value)
    count = polled(site.server_port)
    assert len(count.wrong) == count.requests > 0
    assert count.wrong[0].what.startswith(what)
    assert count.refused == []


def test_a_refused_connection_is_kept_apart(site: Site) -> None:
    site.socket.close()
    count = polled(site.server_port)
    assert count.wrong == []
    assert len(count.refused) == count.requests > 0
