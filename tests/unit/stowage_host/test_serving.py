"""Asking a site for its files: a real server, answered in pieces, and answers of every kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stowage_host.serving import Answer, Unanswered, head, problem_with, static_urls

REQUESTS_PER_CONNECTION = 7


class Handler(BaseHTTPRequestHandler):
    """Closes the connection after some requests, as nginx does after 1,000."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_HEAD(self) -> None:
        self.asked += 1
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", "10")
        self.send_header("X-Host", self.headers["Host"])
        if self.asked == REQUESTS_PER_CONNECTION:
            self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield "127.0.0.1", server.server_port
    server.shutdown()
    server.server_close()


def test_every_url_is_answered_though_the_server_closes_connections(
    address: tuple[str, int],
) -> None:
    urls = [f"/static/{number}{'missing' if number == 150 else ''}.css" for number in range(321)]
    answers = dict(head(address, "shop.example.org", urls))
    assert list(answers) == urls
    bad = [url for url, answer in answers.items() if answer.status != 200]
    assert bad == ["/static/150missing.css"]
    assert {answer.headers["x-host"] for answer in answers.values()} == {"shop.example.org"}


def test_nobody_listening_is_an_error_that_names_the_address() -> None:
    with pytest.raises(Unanswered, match=r"127\.0\.0\.1:1: ConnectionRefusedError"):
        list(head(("127.0.0.1", 1), "h", ["/"]))


GOOD = {
    "content-type": "text/css; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "public, max-age=31536000, immutable",
}


@pytest.mark.parametrize(
    ("name", "status", "changed", "words"),
    [
        pytest.param("a.css", 200, {}, "", id="good"),
        pytest.param("a.css", 404, {}, "was answered 404", id="missing"),
        pytest.param("a.CSS", 200, {"content-type": "text/plain"}, "has the type text/plain in"),
        pytest.param("a.xyz", 200, {"content-type": "chemical/x-xyz"}, "", id="unknown-type"),
        pytest.param("a.css", 200, {"content-type": ""}, "has the type none", id="no-type"),
        pytest.param("a.css", 200, {"x-content-type-options": ""}, "has no X-Content-Type-Options"),
        pytest.param("a.css", 200, {"cache-control": "max-age=300"}, "has the Cache-Control"),
    ],
)
def test_what_a_browser_would_stumble_over_is_told(
    name: str, status: int, changed: dict[str, str], words: str
) -> None:
    problem = problem_with(name, Answer(status, {**GOOD, **changed}), immutable=True)
    assert problem.startswith(words) if words else problem == ""


def test_a_plain_name_that_is_kept_for_ever_is_a_problem() -> None:
    assert "Cache-Control" in problem_with("a.css", Answer(200, GOOD), immutable=False)


def test_static_urls_of_a_page_are_found_whatever_form_they_have() -> None:
    page = """
      <link rel=stylesheet href="/static/a.css?v=1&amp;w=2">
      <script src='/static/b%20c.js'></script>
      <img src=/static/d.png> <img src="https://shop.example.org/static/e.png#x">
      <a href="/static/../x">no</a> <a href="https://cdn.example.com/static/f.css">elsewhere</a>
      <video poster="/static/a.css"></video> <a href="http://[broken">bad</a> <a href="/page/">p</a>
    """
    assert static_urls(page, "/static/", ["shop.example.org"]) == [
        "/static/a.css",
        "/static/b%20c.js",
        "/static/d.png",
        "/static/e.png",
        "/static/../x",
    ]
