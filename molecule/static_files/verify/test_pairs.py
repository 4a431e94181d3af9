"""Every way of naming static files with every way of serving them, on one site that runs on.

Each pair follows from the one before by one changed variable. Meanwhile the page, a file of the
first release and one without a hash are asked for again and again.
"""

from __future__ import annotations

import gzip
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks import HASHED, IMMUTABLE, Site, all_assets, assets

REPOSITORY = Path(__file__).resolve().parents[3]
SERVER = os.environ["SITE_SERVER"]
STATIC = "/var/lib/stowage/demo/static"
SHORT = "public, max-age=300"
TYPES = {".css": "text/css", ".mjs": "text/javascript", ".svg": "image/svg+xml"}
TYPES |= {".woff2": "font/woff2", ".webmanifest": "application/manifest+json", ".png": "image/png"}
CONVERGED = ("release_manifest", "nginx")
PAIRS = [
    CONVERGED,
    ("release_manifest", "whitenoise"),
    ("default", "whitenoise"),
    ("default", "nginx"),
    ("project", "nginx"),
    ("project", "whitenoise"),
    ("manifest", "whitenoise"),
    ("manifest", "nginx"),
]


def on_server(text: str) -> str:
    """The output of a shell text on the server."""
    words = ["docker", "exec", SERVER, "bash", "-c", text]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def change(storage: str, server: str) -> None:
    """What a person runs after a change of one of these variables."""
    words = [str(Path(sys.executable).with_name("ansible-playbook")), "stowage.django.deploy_site"]
    words += ["--inventory", os.environ["SITE_INVENTORY"], "--extra-vars", "stowage_hosts=bed"]
    words += ["--extra-vars", f"static_files_storage={storage}"]
    words += ["--extra-vars", f"django_project_static_server={server}"]
    words += ["--tags", "static_files,compose_wiring,release"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def site() -> Site:
    words = ["docker", "inspect", "--format"]
    words += ["{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", SERVER]
    address = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    return Site(address, 80, "library.example.org")


class Poller(threading.Thread):
    """Asks for URLs again and again; keeps every answer that is not 200."""

    def __init__(self, site: Site, urls: list[str]) -> None:
        super().__init__(daemon=True)
        self.site, self.urls, self.asked = site, urls, 0
        self.bad: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(0.05):
            for url in self.urls:
                try:
                    status = str(self.site.request(url).status)
                except OSError as error:
                    status = repr(error)
                self.asked += 1
                if status != "200":
                    self.bad.append(f"{url} {status}")


@pytest.fixture(scope="module")
def poller(site: Site) -> Iterator[Poller]:
    """Runs through all tests of this file."""
    url = next(url for url in assets(site.page("/")) if url.endswith(".css"))
    poller = Poller(site, [url, "/static/css/site.css", "/"])
    poller.start()
    yield poller
    poller.ending.set()
    poller.join()


def asked_the_application(site: Site, url: str) -> bool:
    """Whether a request for `url` reaches the application, which logs what it is asked."""
    word = secrets.token_hex(8)
    assert site.request(f"{url}?{word}").status == 200
    time.sleep(0.3)
    names = "docker ps --quiet --filter label=com.docker.compose.service=web"
    return word in on_server(f"for name in $({names}); do docker logs $name 2>&1; done")


@pytest.mark.parametrize(("storage", "server"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_pair(storage: str, server: str, site: Site, poller: Poller) -> None:
    if (storage, server) != CONVERGED:
        change(storage, server)
    urls = all_assets(site, site.page("/"))
    hashed = storage.endswith("manifest")
    assert {os.path.splitext(url)[1] for url in urls} >= {".css", ".mjs", ".woff2"}
    for url in urls:
        answer = site.request(url, headers={"Accept-Encoding": "gzip, br"})
        assert (answer.status, bool(HASHED.search(url))) == (200, hashed), url
        assert answer.headers["cache-control"] == (IMMUTABLE if hashed else SHORT), url
        assert answer.headers["x-content-type-options"] == "nosniff", url
        kind = answer.headers["content-type"]
        assert kind.partition(";")[0] == TYPES.get(os.path.splitext(url)[1], kind), url
        is_font = kind.startswith("font/")
        assert answer.headers.get("access-control-allow-origin") == ("*" if is_font else None), url
    css = next(url for url in urls if url.endswith(".css"))
    for _ in range(5):  # Workers keep files open, and memory of what they were asked before.
        _require_codings(site, css, hashed)
        site.request(next(url for url in urls if url.endswith(".woff2")))
    _require_refusals(site)
    plain = site.request("/static/css/site.css")
    assert (plain.status, plain.headers["cache-control"]) == (200, SHORT)
    for url in (css, "/static/css/site.css"):
        assert asked_the_application(site, url) == (server == "whitenoise"), url
    assert poller.bad == []
    if (storage, server) == ("release_manifest", "whitenoise"):
        _require_later_files(site)
        poller.urls = poller.urls[:2]
        time.sleep(1)  # It may just be asking for the page.
        _require_files_without_the_application(site, css)
        assert poller.bad == []
        poller.urls.append("/")


def _require_codings(site: Site, css: str, hashed: bool) -> None:
    plain = site.request(css)
    assert plain.headers["content-type"] == "text/css; charset=utf-8"
    for coding in ("br", "gzip"):
        packed = site.request(css, headers={"Accept-Encoding": coding})
        assert packed.headers.get("content-encoding") == (coding if hashed else None)
        assert packed.headers.get("vary") == ("Accept-Encoding" if hashed else None)
        if hashed and coding == "gzip":
            assert gzip.decompress(packed.body) == plain.body
    again = site.request(css, headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    part = site.request(css, headers={"Range": "bytes=2-5"})
    assert (part.status, part.body) == (206, plain.body[2:6])


def _require_refusals(site: Site) -> None:
    for path in ("css/site.000000000000.css", "staticfiles.json", ".git/HEAD", "css/", "css"):
        answer = site.request(f"/static/{path}")
        assert answer.status == 404, path
        if not path.startswith("."):
            assert answer.headers["cache-control"] == "no-store", path


def _require_later_files(site: Site) -> None:
    """The application serves what a release published after its start."""
    place = f"{STATIC}/pool/later.0123456789ab.css"
    on_server(f"echo 'body {{}}' > {place}")
    assert asked_the_application(site, "/static/later.0123456789ab.css")
    on_server(f"rm {place}")


def _require_files_without_the_application(site: Site, css: str) -> None:
    """While the application is down, nginx answers with its files."""
    name = on_server("docker ps --quiet --filter label=com.docker.compose.service=web").strip()
    on_server(f"docker stop --time 5 {name}")
    hashed, plain = site.request(css), site.request("/static/css/site.css")
    missing = site.request("/static/css/site.000000000000.css")
    on_server(f"docker start {name}")
    assert (hashed.status, hashed.headers["cache-control"]) == (200, IMMUTABLE)
    assert (plain.status, plain.headers["cache-control"]) == (200, SHORT)
    assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")
    deadline = time.monotonic() + 60
    while site.request("/").status != 200:
        assert time.monotonic() < deadline, "the application does not come back"
        time.sleep(0.5)
