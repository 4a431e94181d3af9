"""Questions to a running site, each answered by a request; the demo prints them as a table."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import re
import secrets
import subprocess
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

HASHED = re.compile(r"\.[0-9a-f]{12}\.[^./]+$")
IMMUTABLE = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Check:
    """One line of the table: what was asked, whether it holds, what was seen."""

    what: str
    holds: bool
    seen: str


@dataclass(frozen=True)
class Answer:
    """A response: status, headers by lower-case name, body as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclass
class Site:
    """A site at an address; `host` is the Host header, cookies are kept as a browser would."""

    address: str
    port: int
    host: str = ""
    cookies: dict[str, str] = field(default_factory=dict)

    def request(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own; header names in `headers` win."""
        sent = {"Host": self.host or f"{self.address}:{self.port}"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = http.client.HTTPConnection(self.address, self.port, timeout=30)
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            response = connection.getresponse()
            for header in response.headers.get_all("Set-Cookie") or []:
                name, _, value = header.split(";")[0].partition("=")
                self.cookies[name] = value
            found = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def page(self, path: str) -> str:
        """A page's text; an error where it is not answered with 200."""
        answer = self.request(path)
        if answer.status != 200:
            raise SystemExit(f"GET {path} was answered {answer.status}: {answer.text[:400]}")
        return answer.text

    def post_form(
        self, path: str, fields: dict[str, str], files: dict[str, tuple[str, bytes]]
    ) -> Answer:
        """Fill the form on the page `path` in, with its CSRF token, and send it there."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page(path))
        if token is None:
            raise SystemExit(f"{path} has no form with a CSRF token")
        boundary = secrets.token_hex(16)
        parts = []
        for name, value in {"csrfmiddlewaretoken": token[1], **fields}.items():
            parts.append(f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode())
        for name, (filename, content) in files.items():
            head = (
                f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
                "Content-Type: application/octet-stream\r\n\r\n"
            )
            parts.append(head.encode() + content)
        line = f"--{boundary}".encode()
        body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
        origin = f"http://{self.host or f'{self.address}:{self.port}'}"
        return self.request(
            path,
            "POST",
            body,
            {
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Origin": origin,
                "Referer": origin + path,
            },
        )


@dataclass(frozen=True)
class Upload:
    """A file that went in through a form: its URL and its SHA-256."""

    url: str
    sha256: str


def upload_document(site: Site, size: int = 300_000) -> Upload:
    """Upload random bytes as a document of the demo, and find the link on the page that follows."""
    content = secrets.token_bytes(size)
    fields = {"title": "A file of the demo"}
    answer = site.post_form("/documents/add/", fields, {"file": ("demo.bin", content)})
    if answer.status != 302:
        raise SystemExit(f"the upload was answered {answer.status}: {answer.text[:400]}")
    page = site.page(answer.headers["location"])
    link = re.search(r'href="(/media/[^"]+)"', page)
    if link is None:
        raise SystemExit("the page after the upload does not link to the file")
    return Upload(link[1], hashlib.sha256(content).hexdigest())


def assets(page: str, prefix: str = "/static/") -> list[str]:
    """URLs of static files that a page names, in order."""
    return list(dict.fromkeys(re.findall(rf'["\'(]({re.escape(prefix)}[^"\')?#]+)', page)))


def referenced(site: Site, url: str) -> list[str]:
    """URLs that a stylesheet names by url() and @import, resolved against its own."""
    text = site.request(url).text
    names = re.findall(r'url\(["\']?([^"\')]+)|@import\s+["\']([^"\']+)', text)
    return [urllib.parse.urljoin(url, one or other).split("#")[0] for one, other in names]


def all_assets(site: Site, page: str) -> list[str]:
    """Every static URL of a page: its own and those of its stylesheets, transitively."""
    found = assets(page)
    for url in found:
        if url.endswith(".css"):
            found += [name for name in referenced(site, url) if name not in found]
    return [url for url in found if not url.startswith("data:")]


def run_checks(site: Site, first_page: str, uploaded: Upload) -> list[Check]:
    """The demo's table, less what is asked about the project itself."""
    page = site.page("/")
    urls = all_assets(site, page)
    named = {
        kind: next((url for url in urls if url.endswith(kind)), "")
        for kind in (".css", ".woff2", ".mjs", ".webmanifest")
    }
    old_css = next(url for url in assets(first_page) if url.endswith(".css"))
    checks = [_names_only_hashed(urls)]
    checks += [
        _typed(site, named[".css"], "text/css"),
        _typed(site, named[".woff2"], "font/woff2"),
        _typed(site, named[".mjs"], "text/javascript"),
        _typed(site, named[".webmanifest"], "application/manifest+json"),
    ]
    checks += [_encoded(site, named[".css"], coding) for coding in ("gzip", "br")]
    checks.append(_all_answer(site, urls))
    checks.append(_short_lived(site, "/static/css/site.css"))
    checks.append(_missing(site, "/static/css/site.000000000000.css"))
    checks.append(_comes_back(site, uploaded))
    answer = site.request(old_css)
    checks.append(
        Check(
            "the first release's stylesheet still answers",
            answer.status == 200 and old_css != named[".css"],
            f"{old_css} {answer.status}",
        )
    )
    return checks


def _names_only_hashed(urls: list[str]) -> Check:
    plain = [url for url in urls if not HASHED.search(url)]
    return Check(
        "the page is 200 and names only hashed static URLs",
        bool(urls) and not plain,
        f"{len(urls)} URLs" + (f", without a hash: {plain}" if plain else ""),
    )


def _typed(site: Site, url: str, kind: str) -> Check:
    answer = site.request(url)
    kind_seen, control = (answer.headers.get(name) for name in ("content-type", "cache-control"))
    seen = f"{answer.status} {kind_seen}, {control}"
    holds = (
        answer.status == 200
        and answer.headers.get("content-type", "").split(";")[0] == kind
        and answer.headers.get("cache-control") == IMMUTABLE
    )
    return Check(f"{url.rsplit('/', 1)[-1]} has its type and is immutable", holds, seen)


def _encoded(site: Site, url: str, coding: str) -> Check:
    plain, packed = site.request(url), site.request(url, headers={"Accept-Encoding": coding})
    same = coding != "gzip" or gzip.decompress(packed.body) == plain.body
    holds = (
        packed.headers.get("content-encoding") == coding
        and same
        and "accept-encoding" in packed.headers.get("vary", "").lower()
        and len(packed.body) < len(plain.body)
    )
    return Check(
        f"the stylesheet comes as {coding} when asked",
        holds,
        f"{len(plain.body)} -> {len(packed.body)} bytes, Vary {packed.headers.get('vary')}",
    )


def _all_answer(site: Site, urls: list[str]) -> Check:
    bad = [url for url in urls if site.request(url).status != 200]
    return Check(
        "every file that page and stylesheets name answers",
        not bad,
        f"{len(urls)} asked, bad: {bad}",
    )


def _short_lived(site: Site, url: str) -> Check:
    answer = site.request(url)
    control = answer.headers.get("cache-control", "")
    age = re.search(r"max-age=(\d+)", control)
    holds = (
        answer.status == 200
        and "immutable" not in control
        and age is not None
        and int(age[1]) <= 3600
    )
    return Check(
        "a name without a hash is cached for a short time", holds, f"{answer.status} {control}"
    )


def _missing(site: Site, url: str) -> Check:
    answer = site.request(url)
    control = answer.headers.get("cache-control")
    return Check(
        "a missing hashed name is 404 and not cached",
        answer.status == 404 and control == "no-store",
        f"{answer.status} {control}",
    )


def _comes_back(site: Site, uploaded: Upload) -> Check:
    answer = site.request(uploaded.url)
    same = hashlib.sha256(answer.body).hexdigest() == uploaded.sha256
    nosniff = answer.headers.get("x-content-type-options")
    return Check(
        "the upload comes back byte for byte, with nosniff",
        answer.status == 200 and same and nosniff == "nosniff",
        f"{uploaded.url} {answer.status}, {len(answer.body)} bytes, {nosniff}",
    )


def compare_project(repository: Path, server: str) -> Check:
    """demo/ is as it was in the repository, and its image is what its own recipe gives."""
    words = ["git", "-C", str(repository), "status", "--porcelain", "--", "demo"]
    status = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    asked = (
        "cd /srv/demo && docker compose --file compose.yaml build --quiet web >&2; "
        "docker image inspect --format '{{.Id}}' demo-web stowage/demo:current"
    )
    words = ["docker", "exec", server, "sh", "-c", asked]
    ids = subprocess.run(words, capture_output=True, text=True, check=False).stdout.split()
    same = len(ids) == 2 and ids[0] == ids[1]
    return Check(
        "demo/ is untouched, its image is its own recipe's",
        not status and same,
        f"git status {status or 'clean'}, image {'the same' if same else ids}",
    )
