"""A project whose application serves a pool, asked in real interpreters."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.stowage_django.conftest import way_environment
from tests.unit.stowage_django.djangos import clean_environment
from tests.unit.stowage_django.shapes import Shape, plain

ASKING = Path(__file__).with_name("asking.py")
VERSIONS = ("4.2", "5.2", "6.1")
HASH = "0123456789ab"
CSS = f"/assets/css/site.{HASH}.css"
CSS_TEXT = "body { color: black }\n" * 40
IMMUTABLE = "public, max-age=31536000, immutable"
FILES: dict[str, str | bytes] = {
    f"pool/css/site.{HASH}.css": CSS_TEXT,
    f"pool/css/site.{HASH}.css.gz": gzip.compress(CSS_TEXT.encode(), mtime=0),
    f"pool/css/site.{HASH}.css.br": b"as brotli packs it",
    f"pool/css/only.{HASH}.css": CSS_TEXT,
    f"pool/css/only.{HASH}.css.gz": gzip.compress(CSS_TEXT.encode(), mtime=0),
    "pool/dist/app-BxK9aQ.js": "own hash",
    f"pool/empty.{HASH}.txt": "",
    f"pool/one.{HASH}.txt": "1",
    **{f"pool/kinds/x.{HASH}.{kind}": "x" for kind in ("mjs", "map", "webmanifest", "svg", "wasm")},
    **{f"pool/kinds/x.{HASH}.{kind}": "x" for kind in ("woff2", "woff", "ttf", "eot", "html")},
    "releases/r1/css/site.css": "first",
    "releases/r1/css/site.css.gz": "stale",
    "releases/r1/staticfiles.json": "{}",
    "releases/r1/.git/HEAD": "hidden",
    "releases/r1/css/.hidden.css": "hidden",
    "releases/r2/css/site.css": "second release",
    "generated/CACHE/css/output.css": "made",
    f"generated/CACHE/css/output.{HASH}.css": "made of these",
    "secret/key.txt": "secret",
}
URLS = """\
from django.http import HttpResponse
from django.urls import path
urlpatterns = [
    path("", lambda request: HttpResponse("the page")),
    path("assets/view.txt", lambda request: HttpResponse("the view")),
]
"""


@dataclass(frozen=True)
class Answer:
    """A response; `open` counts the files below the static root that stay open after it."""

    status: int
    headers: dict[str, str]
    body: str
    open: int = 0


@dataclass(frozen=True)
class Site:
    """A project whose application serves static files."""

    python: Path
    root: Path
    shape: Shape

    @property
    def static(self) -> Path:
        return self.root / "static"

    def start(self, way: str) -> subprocess.Popen[str]:
        """Start `asking`; a response that would block an asynchronous server is an error."""
        folder = self.root / "project"
        if not folder.exists():
            self.shape.write(folder)
        overlay = {
            "STOWAGE_STATIC_SERVER": "whitenoise",
            "STOWAGE_STATIC_URL": "/assets/",
            "STOWAGE_STATIC_ROOT": f"{self.static}/current",
            "STOWAGE_STATIC_POOL": f"{self.static}/pool",
            "STOWAGE_STATIC_LIFETIME": "60",
        }
        return subprocess.Popen(
            [self.python, "-W", "error:StreamingHttpResponse", ASKING, way],
            cwd=folder,
            env=clean_environment(**way_environment("settings", self.shape), **overlay),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *steps: Any, way: str = "sync") -> list[Answer]:
        """Requests and shell commands in one process, in the folder of static files."""
        at = f"cd '{self.static}' && "
        listed = [at + step if isinstance(step, str) else step for step in steps]
        process = self.start(way)
        stdout, stderr = process.communicate("\n".join(map(json.dumps, listed)), timeout=60)
        assert process.returncode == 0, stderr
        return [Answer(**json.loads(line)) for line in stdout.splitlines()]


@dataclass(frozen=True)
class Served:
    """A site in one process for all tests that only read."""

    process: subprocess.Popen[str]

    def ask(self, *requests: Any) -> list[Answer]:
        assert self.process.stdin is not None and self.process.stdout is not None
        answers = []
        for request in requests:
            print(json.dumps(request), file=self.process.stdin, flush=True)
            answers.append(Answer(**json.loads(self.process.stdout.readline())))
        return answers


def get(path: str, method: str = "GET", **headers: str) -> list[Any]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [path, {"method": method, "headers": sent}]


def make(python: Path, root: Path, shape: Shape | None = None) -> Site:
    site = Site(python, root, shape or plain(project__urls=URLS))
    for name, content in FILES.items():
        path = site.static / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (site.static / "current").symlink_to("releases/r1")
    (site.static / "pool" / "out.txt").symlink_to(site.static / "secret" / "key.txt")
    (site.static / "pool" / "folder").symlink_to(site.static / "secret")
    (site.static / "releases" / "r1" / "out.txt").symlink_to("../../secret/key.txt")
    os.mkfifo(site.static / "pool" / "pipe.txt")
    return site
