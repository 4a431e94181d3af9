"""Pollers: they ask a running site again and again, and keep each answer that is wrong.

`FilePoller` asks for every hashed file of the last three releases and holds the body against the
hash in its name; `PagePoller` asks the application. A connection that is refused, reset or not
answered is kept apart from a wrong answer: it is allowed while an engine or a server is down.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import re
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

HASH = re.compile(r"\.(?P<hash>[0-9a-f]{12})(?:\.[^./]+)?$")
IMMUTABLE = "public, max-age=31536000, immutable"
TYPES = {
    "css": ("text/css",),
    "gif": ("image/gif",),
    "js": ("text/javascript", "application/javascript"),
    "png": ("image/png",),
    "svg": ("image/svg+xml",),
    "txt": ("text/plain",),
}
"""What each kind of file must be sent as; other kinds only need a type."""
TIMEOUT_SECONDS = 5.0

Manifests = Callable[[], list[dict[str, str]]]
"""Reads the manifests of the last releases: logical name -> hashed name, newest last."""


@dataclass(frozen=True)
class Fault:
    """One answer that was wrong, or one connection that was not made."""

    at: float
    url: str
    what: str

    def __str__(self) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(self.at))
        return f"{clock}.{int(self.at % 1 * 1000):03} {self.url}: {self.what}"


@dataclass(frozen=True)
class Mark:
    """A moment: how much had been seen by then."""

    at: float
    asked: int
    wrong: int
    refused: int


@dataclass(frozen=True)
class Count:
    """What a poller has seen between two moments."""

    requests: int
    wrong: list[Fault]
    refused: list[Fault]
    seconds: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass(frozen=True)
class Reply:
    """A whole response."""

    status: int
    control: str
    kind: str
    body: bytes


class Line:
    """A connection that is kept open, as a browser does."""

    def __init__(self, address: str, port: int, host: str) -> None:
        self.connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT_SECONDS)
        self.host = host

    def ask(self, url: str) -> Reply:
        """The answer to one GET; OSError or HTTPException where there is none.

        A server may close an idle connection at any moment, and does at a reload: a request on
        one that was closed meanwhile is repeated on a new one, once (RFC 9110, 9.2.2).
        """
        reused = self.connection.sock is not None
        try:
            return self._ask(url)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            if not reused:
                raise
            return self._ask(url)

    def _ask(self, url: str) -> Reply:
        try:
            self.connection.request("GET", url, headers={"Host": self.host})
            answer = self.connection.getresponse()
            body = answer.read()
        except BaseException:
            self.connection.close()
            raise
        headers = answer.headers
        return Reply(
            answer.status,
            ", ".join(headers.get_all("Cache-Control") or []),
            headers.get("Content-Type", "").partition(";")[0],
            body,
        )

    def close(self) -> None:
        self.connection.close()


class Poller:
    """Threads that ask at a steady rate until `stop`; subclasses say what is asked and right."""

    def __init__(self, address: str, port: int, host: str, rate: float, threads: int) -> None:
        self.address, self.port, self.host = address, port, host
        self.pause = threads / rate
        self.asked = 0
        self.wrong: list[Fault] = []
        self.refused: list[Fault] = []
        self.lock, self.ending = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        self.begin = Mark(0.0, 0, 0, 0)

    def start(self) -> None:
        self.begin = self.mark()
        for thread in self.threads:
            thread.start()

    def stop(self) -> Count:
        """End, and return all that was seen."""
        self.ending.set()
        for thread in self.threads:
            thread.join()
        return self.since(self.begin)

    def mark(self) -> Mark:
        """This moment, for `since`."""
        with self.lock:
            return Mark(time.monotonic(), self.asked, len(self.wrong), len(self.refused))

    def since(self, mark: Mark) -> Count:
        """What was seen since then."""
        with self.lock:
            return Count(
                self.asked - mark.asked,
                self.wrong[mark.wrong :],
                self.refused[mark.refused :],
                time.monotonic() - mark.at,
            )

    def _work(self) -> None:
        line = Line(self.address, self.port, self.host)
        due = time.monotonic()
        while not self.ending.is_set():
            url = self.next_url()
            fault, refused = self._ask(line, url)
            with self.lock:
                self.asked += 1
                if fault is not None:
                    (self.refused if refused else self.wrong).append(fault)
            # Behind schedule it asks without a pause, but does not make good what it missed.
            due = max(due + self.pause, time.monotonic() - 1)
            self.ending.wait(max(0.0, due - time.monotonic()))
        line.close()

    def _ask(self, line: Line, url: str) -> tuple[Fault | None, bool]:
        at = time.time()
        try:
            what, refused = self.judge(url, line.ask(url)), False
        except http.client.IncompleteRead as error:
            what, refused = f"cut off: {error}", False
        except (OSError, http.client.HTTPException) as error:
            what, refused = repr(error), True
        return (Fault(at, url, what) if what else None), refused

    def next_url(self) -> str:
        raise NotImplementedError

    def judge(self, url: str, reply: Reply) -> str:
        """What is wrong with an answer; '' where nothing is."""
        raise NotImplementedError


class FilePoller(Poller):
    """Asks for every hashed file of the last three releases, half of the time for those in which
    they differ."""

    def __init__(
        self,
        address: str,
        port: int,
        host: str,
        manifests: Manifests,
        *,
        rate: float = 260,
        prefix: str = "/static/",
        control: str = IMMUTABLE,
        read_again: float = 1.0,
    ) -> None:
        super().__init__(address, port, host, rate, threads=4)
        self.manifests, self.prefix, self.control = manifests, prefix, control
        self.read_again, self.turn = read_again, 0
        self.outage = False
        """A test sets it that takes the engine or the server down: nobody answers meanwhile."""
        self.every: list[str] = []
        self.changing: list[str] = []
        self.reader = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        self.read()
        assert self.every, "there is no hashed file to ask for"
        self.reader.start()
        super().start()

    def read(self) -> None:
        """Learn which files there are."""
        releases = [
            {name for name in paths.values() if HASH.search(name)}
            for paths in self.manifests()[-3:]
        ]
        every = set().union(*releases)
        common = set.intersection(*releases) if releases else set()
        with self.lock:
            self.every, self.changing = sorted(every), sorted(every - common)

    def _read(self) -> None:
        while not self.ending.wait(self.read_again):
            # A server that is down tells nothing: the releases stay those that it had.
            with contextlib.suppress(Exception):
                self.read()

    def next_url(self) -> str:
        with self.lock:
            self.turn += 1
            names = self.changing if self.turn % 2 and self.changing else self.every
            return self.prefix + urllib.parse.quote(names[self.turn // 2 % len(names)])

    def judge(self, url: str, reply: Reply) -> str:
        if reply.status != 200:
            return f"status {reply.status}"
        match = HASH.search(url)
        digest = hashlib.md5(reply.body, usedforsecurity=False).hexdigest()
        if match is None or not digest.startswith(match["hash"]):
            return f"content of {len(reply.body)} bytes with MD5 {digest[:12]}"
        if self.control and reply.control != self.control:
            return f"Cache-Control {reply.control!r}"
        if not reply.kind or reply.kind not in TYPES.get(url.rpartition(".")[2], reply.kind):
            return f"type {reply.kind!r}"
        return ""


class PagePoller(Poller):
    """Asks the application for one page; all but 200 is wrong."""

    def __init__(self, address: str, port: int, host: str, page: str, rate: float = 50) -> None:
        super().__init__(address, port, host, rate, threads=4)
        self.page = page

    def next_url(self) -> str:
        return self.page

    def judge(self, url: str, reply: Reply) -> str:
        return "" if reply.status == 200 else f"status {reply.status}"
