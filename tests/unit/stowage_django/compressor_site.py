"""A project with django-compressor, and a server's `static` directory that it is released to."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.unit.stowage_django.collecting import BOOTSTRAP
from tests.unit.stowage_django.conftest import run, way_environment
from tests.unit.stowage_django.shapes import Shape, plain

COMPRESSORS = ("4.2-compressor-4.4", "5.2-compressor-4.5", "6.1-compressor-4.6")
SETTINGS = """\
INSTALLED_APPS.append("compressor")
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "compressor.finders.CompressorFinder",
]
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True},
]
COMPRESS_ROOT = STATIC_ROOT
"""
OFFLINE = SETTINGS + "COMPRESS_OFFLINE = True\n"
JINJA = """\
TEMPLATES.append({
    "BACKEND": "django.template.backends.jinja2.Jinja2", "APP_DIRS": True,
    "OPTIONS": {"environment": "library.jinja.environment"},
})
"""
ENVIRONMENT = """\
from django.templatetags.static import static
from jinja2 import Environment
def environment(**options):
    extensions = ["compressor.contrib.jinja2ext.CompressorExtension"]
    made = Environment(**{**options, "extensions": extensions})
    made.globals["static"] = static
    return made
"""
BLOCK = '<link rel="stylesheet" href="{% static "css/x.css" %}">'
JINJA_PAGE = """{% compress css %}<link rel="stylesheet" href="{{ static("css/x.css") }}">\
{% endcompress %}"""
LINK = re.compile(r'href="/assets/(CACHE/css/output\.[0-9a-f]{12}\.css)"')
RENDER = (
    "import os, project.wsgi; os.umask(0o077); "
    "from django.template.loader import render_to_string; print(render_to_string({!r}))"
)


def page(block: str = BLOCK) -> str:
    return (
        "{% load static compress %}<html>{% compress css %}" + block + "{% endcompress %}"
        "{% compress js inline %}<script>var answer = 42;</script>{% endcompress %}</html>\n"
    )


def shape(settings: str, **files: str) -> Shape:
    """The ordinary project with compressor and one page; `files` as for `plain`, but templates."""
    made = plain(settings, library__jinja=ENVIRONMENT)
    templates = {f"library/templates/{name}.html": text for name, text in files.items()}
    return replace(made, files={**made.files, "library/templates/page.html": page(), **templates})


@dataclass
class Site:
    """A server's `static` directory, and the project in the state of its newest release."""

    python: Path
    folder: Path
    way: str = "settings"
    storage: str = "release_manifest"
    options: tuple[str, ...] = ()

    @property
    def static(self) -> Path:
        return self.folder / "static"

    def collect(self, project: Shape, **more: str) -> tuple[int, dict[str, Any]]:
        """Collect into the staging directory; the exit code and the document."""
        target = self.folder / "staging"
        target.mkdir(exist_ok=True)
        environment = {
            **way_environment(self.way, project),
            "STOWAGE_SETTINGS_MODULE": project.module,
            "STOWAGE_STATIC_STORAGE": self.storage,
            "STOWAGE_STATIC_URL": "/assets/",
            **more,
        }
        command = [self.python, "-c", BOOTSTRAP, "--target", target, *self.options]
        result = run(command, project.write(self.folder / "project"), environment)
        last = result.stdout.splitlines()[-1]
        assert last.startswith("STOWAGE-COLLECT:"), result.stdout + result.stderr
        return result.returncode, json.loads(last.removeprefix("STOWAGE-COLLECT:"))

    def release(self, project: Shape, name: str, **more: str) -> dict[str, Any]:
        """Collect and publish as the server does; returns the manifest."""
        code, document = self.collect(project, **more)
        assert code == 0, document
        manifest: dict[str, Any] = {"paths": {}}
        published = self.folder / "staging" / "manifest.json"
        for folder in ("pool", "manifests", "generated", f"releases/{name}"):
            (self.static / folder).mkdir(parents=True, exist_ok=True)
        if published.exists():
            manifest = json.loads(published.read_text())
            shutil.copy(published, self.static / f"manifests/{name}.json")
        tree = self.folder / "staging" / "tree"
        for path in [path for path in tree.rglob("*") if path.is_file()]:
            file = path.relative_to(tree)
            pooled = str(file) in manifest["paths"].values()
            target = self.static / ("pool" if pooled else f"releases/{name}") / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        return manifest

    def run(self, project: Shape, release: str, *command: str, **more: str) -> Any:
        """Run in a container of that release."""
        environment = {
            **way_environment(self.way, project),
            "STOWAGE_STATIC_STORAGE": self.storage,
            "STOWAGE_STATIC_URL": "/assets/",
            "STOWAGE_STATIC_ROOT": f"{self.static}/current",
            "STOWAGE_MANIFEST_DIR": f"{self.static}/manifests",
            "STOWAGE_RELEASE_ID": release,
            **more,
        }
        return run([self.python, *command], self.folder / "project", environment)

    def render(self, project: Shape, release: str, name: str = "page.html", **more: str) -> str:
        """The page as that release's application renders it."""
        result = self.run(project, release, "-c", RENDER.format(name), **more)
        assert result.returncode == 0, result.stderr
        html: str = result.stdout
        return html

    def files(self) -> dict[str, tuple[int, int]]:
        """Each file of all that the project and its releases are, and when it changed."""
        found = {}
        for top in (self.static, self.folder / "project"):
            for path in top.rglob("*"):
                if path.is_file() and "__pycache__" not in path.parts:
                    status = path.stat()
                    name = str(path.relative_to(self.folder))
                    found[name] = (status.st_mtime_ns, status.st_size)
        return found


def output(html: str) -> str:
    """The name of the compressed style sheet in a page."""
    found = LINK.search(html)
    assert found, html
    return found[1]
