# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asking the running site for a release's files, as a browser would."""

from __future__ import annotations

import html
import http.client
import posixpath
import re
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO
from urllib.parse import quote, unquote, urlsplit

from . import engine
from .engine import say
from .errors import GateError, HealthError
from .manifest import HASHED, Manifest
from .project import Project
from .site import Site

BATCH = 100
"""Requests that are sent before the first answer is read."""
TIMEOUT_SECONDS = 30.0
TYPES = {
    ".css": ("text/css",),
    ".js": ("text/javascript", "application/javascript"),
    ".mjs": ("text/javascript", "application/javascript"),
    ".json": ("application/json",),
    ".map": ("application/json",),
    ".svg": ("image/svg+xml",),
    ".png": ("image/png",),
    ".jpg": ("image/jpeg",),
    ".gif": ("image/gif",),
    ".webp": ("image/webp",),
    ".woff2": ("font/woff2",),
    ".wasm": ("application/wasm",),
    ".webmanifest": ("application/manifest+json",),
}
"""Types that a browser insists on: with `nosniff`, a stylesheet of another type is not used."""
LINKS = re.compile(r"""\b(?:href|src|poster)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
MOST_SHOWN = 5


@dataclass(frozen=True)
class Answer:
    """Status and headers (lower-case names) of an answer without a body."""

    status: int
    headers: dict[str, str]


class Unanswered(Exception):
    """The connection failed; the message says how."""


def head(address: tuple[str, int], host: str, urls: Iterable[str]) -> Iterator[tuple[str, Answer]]:
    """Ask for each URL path by HEAD, many at a time on one connection (RFC 9112, 9.3.2).

    Raises Unanswered where the server does not answer a request that stands first in line.
    """
    source, size = iter(urls), BATCH
    waiting = list(islice(source, BATCH))
    while waiting:
        done = 0
        for url, answer in zip(waiting, _batch(address, host, waiting[:size])):
            done += 1
            yield url, answer
        if not done and size == 1:
            raise Unanswered(f"{address[0]}:{address[1]} closed the connection")
        # A connection that is closed early may take answers with it: then one at a time.
        size = BATCH if done else 1
        waiting = waiting[done:] + list(islice(source, done))


def _batch(address: tuple[str, int], host: str, urls: Sequence[str]) -> Iterator[Answer]:
    """Answers for as many of `urls` as the server gives on one connection."""
    try:
        with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
            for url in urls:
                words = f"HEAD {url} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: stowage\r\n\r\n"
                connection.sendall(words.encode())
            with connection.makefile("rb") as stream:
                for _ in urls:
                    answer = _read(stream)
                    if answer is None:
                        return
                    yield answer
                    if answer.headers.get("connection", "").lower() == "close":
                        return
    except (BrokenPipeError, ConnectionResetError):
        return  # what was answered before counts; the rest is asked on another connection
    except (OSError, ValueError, IndexError) as error:
        raise Unanswered(f"{address[0]}:{address[1]}: {type(error).__name__}: {error}") from None


def _read(stream: BinaryIO) -> Answer | None:
    """The next answer's head; None where the server has closed the connection.

    `http.client` reads the same in ten times the time, which counts with 50,000 files.
    """
    line = stream.readline(65537)
    if not line:
        return None
    status, headers = int(line.split(None, 2)[1]), {}
    while (field := stream.readline(65537).strip()) != b"":
        name, _, value = field.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return Answer(status, headers)


def address_of(site: Site) -> tuple[str, int] | None:
    """Where the site's nginx answers on the server; None where it does not run."""
    if site.nginx_service:
        for container in site.compose.containers(site.nginx_service):
            for address in engine.addresses(container):
                return address, 80
    return None


def url_of(project: Project, name: str) -> str:
    """The URL path of a static file."""
    return project.static_url + quote(name)


def problem_with(name: str, answer: Answer, immutable: bool) -> str:
    """What is wrong with the answer for a static file; '' if nothing is."""
    if answer.status != 200:
        return f"was answered {answer.status}"
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    wanted = TYPES.get(posixpath.splitext(name)[1].lower())
    if not kind or (wanted and kind not in wanted):
        return f"has the type {kind or 'none'}" + (f" in place of {wanted[0]}" if wanted else "")
    if answer.headers.get("x-content-type-options", "").lower() != "nosniff":
        return "has no X-Content-Type-Options: nosniff"
    control = answer.headers.get("cache-control", "")
    if immutable != ("immutable" in control):
        return f"has the Cache-Control {control!r}"
    return ""


def check(site: Site, names: Iterable[str], immutable: bool) -> int:
    """Ask the running site for static files; return how many. Raises GateError for wrong answers.

    A site that is not running, or has no nginx of ours, is not asked.
    """
    address = address_of(site)
    if address is None:
        return 0
    urls = {url_of(site.project, name): name for name in names}
    wrong = []
    try:
        for url, answer in head(address, site.project.host, urls):
            if problem := problem_with(urls[url], answer, immutable):
                wrong.append(f"{url} {problem}")
    except Unanswered as error:
        raise GateError(f"the site does not answer for its static files: {error}") from None
    if wrong:
        raise GateError(f"{len(wrong)} of {len(urls)} static files are not served: {_few(wrong)}")
    return len(urls)


def check_before(site: Site, manifest: Manifest) -> None:
    """Before the switch: every hashed file of the new release is served by the running site."""
    say(f"Asking the site for {len(manifest.pooled)} hashed files")
    check(site, sorted(manifest.pooled), immutable=True)


def check_after(site: Site, manifest: Manifest) -> list[str]:
    """After a switch: every file of the release, and those that pages name, are served.

    Returns warnings about dead links of the project's own. Raises HealthError.
    """
    try:
        check(site, sorted(manifest.pooled), immutable=True)
        plain = (manifest.paths.keys() | manifest.own_files) - manifest.pooled
        check(site, sorted(plain), immutable=False)
    except GateError as error:
        raise HealthError(str(error)) from None
    pages = [site.project.health_path, *site.setting("static_files", "checked_pages", [])]
    warnings = []
    for page in dict.fromkeys(pages):
        warnings += _check_page(site, page)
    return warnings


def _check_page(site: Site, page: str) -> list[str]:
    """Ask for a page and for each static file that it names.

    A dead name with a hash is this release's fault and raises HealthError; one without is the
    project's own dead link, and only told.
    """
    address = address_of(site)
    if address is None:
        return []
    status, text = _page(address, site.project.host, page)
    if not 200 <= status < 400:
        raise HealthError(
            f"the page {page} (static_files_checked_pages) was answered {status or text}"
        )
    wrong: list[str] = []
    dead: list[str] = []
    urls = static_urls(text, site.project.static_url, site.project.hostnames)
    try:
        for url, answer in head(address, site.project.host, urls):
            if answer.status != 200:
                (wrong if HASHED.search(url) else dead).append(f"{url} {answer.status}")
    except Unanswered as error:
        raise HealthError(f"the site does not answer for its static files: {error}") from None
    if wrong:
        raise HealthError(f"the page {page} names static files that are not served: {_few(wrong)}")
    return [f"The page {page} names files that do not exist: {_few(dead)}"] if dead else []


def _page(address: tuple[str, int], host: str, path: str) -> tuple[int, str]:
    """Status and text of a page that is HTML; for another one the text is empty."""
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_SECONDS)
    try:
        url = quote(path, safe="/?&=%:;,+@~!$'()*")
        connection.request("GET", url, headers={"Host": host, "User-Agent": "stowage"})
        answer = connection.getresponse()
        is_html = answer.headers.get_content_type() == "text/html"
        return answer.status, answer.read().decode(errors="replace") if is_html else ""
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, f"not at all: {type(error).__name__}: {error}"
    finally:
        connection.close()


def static_urls(text: str, prefix: str, hostnames: Sequence[str] = ()) -> list[str]:
    """URL paths below `prefix` that a page's attributes name, each once, without query."""
    found = []
    for value in LINKS.findall(text):
        try:
            parts = urlsplit(html.unescape(value))
        except ValueError:
            continue
        if (not parts.netloc or parts.hostname in hostnames) and parts.path.startswith(prefix):
            found.append(quote(unquote(parts.path)))
    return list(dict.fromkeys(found))


def _few(items: Sequence[str]) -> str:
    more = f" and {len(items) - MOST_SHOWN} more" if len(items) > MOST_SHOWN else ""
    return ", ".join(items[:MOST_SHOWN]) + more
