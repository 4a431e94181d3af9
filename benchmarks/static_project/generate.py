"""Generate the project: `python -m benchmarks.static_project.generate FOLDER FILES`.

FOLDER/site becomes a Django project of some applications with FILES static files in all, Django's
own administration not counted. The same number gives the same bytes each time. About 6 % are
stylesheets, most of which refer to images and fonts and some to each other, and 25 % are scripts,
of which a quarter have source maps; the mean size is 12 kB, most files are much smaller.
"""

from __future__ import annotations

import json
import os
import posixpath
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.static_project.texts import Texts

SEED = 20
MEAN_BYTES = 12_000
LARGEST_BYTES = 1_500_000
SITE = "bench_site"
APPS = ["accounts", "basket", "blog", "catalog", "editor", "events", "gallery", "reports"]
PROJECT_FOLDER = "assets"
"""The one folder of STATICFILES_DIRS; the others belong to applications."""


@dataclass(frozen=True)
class Kind:
    """How many of 100 files, their median size before scaling and how widely sizes spread."""

    share: float
    median: int
    spread: float
    folders: tuple[str, ...]


ICONS = ("img", "img/icons", "img/icons/outline/24", "vendor/icons/flags/4x3")
PHOTOS = ("img", "img/photos/2024/05", "img/photos/2025/11", "vendor/editor/skins/default/img")
SCRIPTS = ("js", "js/components", "vendor/editor/plugins/table", "vendor/charts/dist/locale")
STYLES = ("css", "css/components", "vendor/editor/skins/default", "vendor/charts/dist")
KINDS = {
    "css": Kind(6, 6_000, 1.1, STYLES),
    "js": Kind(25, 7_000, 1.2, SCRIPTS),
    "svg": Kind(26, 1_500, 0.9, ICONS),
    "png": Kind(20, 8_000, 1.3, PHOTOS),
    "webp": Kind(6, 40_000, 0.9, PHOTOS),
    "woff2": Kind(4, 20_000, 0.6, ("fonts", "vendor/fonts/webfonts")),
    "json": Kind(6, 3_000, 1.2, ("js/locale", "vendor/charts/dist/data")),
    "map": Kind(7, 20_000, 1.1, ()),
}
SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "webp": b"RIFF\0\0\0\0WEBPVP8 ", "woff2": b"wOF2"}
IMPORT_LEVELS = 3
"""Stylesheets import those of the level below: Django gives chains five passes."""


@dataclass
class File:
    """A file to write: its name from the static root on, and the names that it refers to."""

    name: str
    kind: str
    size: int
    level: int = 0
    imports: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    source_map: str | None = None


def plan(count: int, chance: random.Random) -> list[File]:
    """All files without their content; every reference is to a file of the plan."""
    owners = [*APPS, PROJECT_FOLDER]
    files: list[File] = []
    for kind, traits in KINDS.items():
        number = count - len(files) if kind == "map" else round(count * traits.share / 100)
        if kind == "map":
            files += _source_maps(files, number)
            continue
        for index in range(number):
            owner = owners[index % len(owners)]
            folder = chance.choice(traits.folders)
            files.append(File(f"{owner}/{folder}/{kind}-{index:05}.{kind}", kind, 0))
    _draw_sizes(files, chance)
    by_owner: dict[str, list[File]] = {}
    for file in files:
        by_owner.setdefault(file.name.partition("/")[0], []).append(file)
    for owned in by_owner.values():
        _draw_references(owned, chance)
    return files


def _source_maps(files: list[File], number: int) -> Iterator[File]:
    """Maps of the scripts that have one, beside them."""
    scripts = [file for file in files if file.kind == "js"]
    for index in range(number):
        script = scripts[index * len(scripts) // number]
        script.source_map = f"{script.name}.map"
        yield File(script.source_map, "map", 0)


def _draw_sizes(files: list[File], chance: random.Random) -> None:
    """Sizes as they are in real projects, log-normal by kind, with the mean of all fixed."""
    for file in files:
        traits = KINDS[file.kind]
        file.size = int(traits.median * chance.lognormvariate(0, traits.spread))
    scale = MEAN_BYTES * len(files) / sum(file.size for file in files)
    for file in files:
        file.size = max(120, min(int(file.size * scale), LARGEST_BYTES))


def _draw_references(files: list[File], chance: random.Random) -> None:
    """Most stylesheets name images and fonts of their application, a third imports others."""
    targets = [file.name for file in files if file.kind in ("svg", "png", "webp", "woff2")]
    styles = [file for file in files if file.kind == "css"]
    for index, file in enumerate(styles):
        file.level = index % IMPORT_LEVELS
        below = [other.name for other in styles[:index] if other.level == file.level - 1]
        if below and chance.random() < 0.5:
            file.imports = chance.sample(below, min(len(below), chance.randint(1, 3)))
        if targets and chance.random() < 0.75:
            most = min(len(targets), 1 + int(chance.expovariate(1 / 6)))
            file.images = chance.sample(targets, most)


def _stylesheet(file: File, texts: Texts) -> bytes:
    here = posixpath.dirname(file.name)
    lines = [f"/* {file.name} */"]
    for index, name in enumerate(file.imports):
        url = posixpath.relpath(name, here)
        lines.append(f'@import "{url}";' if index % 2 else f"@import url('{url}');")
    rules = texts.lines("css", file.size)
    for index, name in enumerate(file.images):
        url = posixpath.relpath(name, here)
        reference = (f"url({url})", f'url("{url}")', f"url('{url}?#iefix')", f"url({url}#a)")
        rule = f".ref-{index}{{background:{reference[index % 4]} no-repeat}}"
        rules.insert(texts.random.randrange(len(rules) + 1), rule)
    rules.append(".inline{background:url(data:image/gif;base64,R0lGODlhAQABAAAAACw=)}")
    rules.append(".remote{background:url(https://assets.example.org/remote.png)}")
    return "\n".join([*lines, *rules, ""]).encode()


def content(file: File, texts: Texts) -> bytes:
    """The bytes of one file; no two files have the same."""
    if file.kind == "css":
        return _stylesheet(file, texts)
    if file.kind in SIGNATURES:
        return SIGNATURES[file.kind] + texts.random.randbytes(file.size)
    lines = texts.lines(file.kind, file.size)
    if file.kind == "js":
        lines.insert(0, f"/*! {file.name} */")
        if file.source_map:
            lines.append(f"//# sourceMappingURL={posixpath.basename(file.source_map)}")
    elif file.kind == "svg":
        lines = ['<svg xmlns="http://www.w3.org/2000/svg">', f"<!-- {file.name} -->", *lines]
        lines.append("</svg>")
    else:
        lines = [f'{{"file":"{file.name}","items":[', *lines, "0]}"]
    return "\n".join([*lines, ""]).encode()


SETTINGS = """\
import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "of a benchmark"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.sessions", "django.contrib.messages", "django.contrib.staticfiles", *{apps!r},
]
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / {folder!r}]
STATIC_ROOT = os.environ.get("BENCH_STATIC_ROOT")
STORAGES = {{
    "default": {{"BACKEND": "django.core.files.storage.FileSystemStorage"}},
    "staticfiles": {{"BACKEND": os.environ.get(
        "BENCH_STORAGE", "django.contrib.staticfiles.storage.StaticFilesStorage")}},
}}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}}}
USE_TZ = True
"""


def generate(folder: Path, count: int) -> None:
    """Write the project, and beside it in generated.json what a benchmark wants to know of it."""
    site, chance, texts = folder / "site", random.Random(SEED), Texts(SEED)
    (site / SITE).mkdir(parents=True)
    (site / SITE / "__init__.py").touch()
    (site / SITE / "settings.py").write_text(SETTINGS.format(apps=APPS, folder=PROJECT_FOLDER))
    for app in APPS:
        (site / app).mkdir()
        (site / app / "__init__.py").touch()
    made: set[str] = set()
    total = 0
    files = plan(count, chance)
    for file in files:
        owner = file.name.partition("/")[0]
        place = str(site / owner / ("" if owner == PROJECT_FOLDER else "static") / file.name)
        if (parent := os.path.dirname(place)) not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        data = content(file, texts)
        total += len(data)
        with open(place, "wb") as output:
            output.write(data)
    (folder / "generated.json").write_text(json.dumps(_summary(files, total)))


def _summary(files: list[File], total: int) -> dict[str, object]:
    """What was made, and which stylesheet is to change: one with references of its own that few
    others import, so that little has to follow."""
    importers: dict[str, set[str]] = {}
    for file in files:
        for name in file.imports:
            importers.setdefault(name, set()).add(file.name)
    candidates = [file.name for file in files if file.images and file.name in importers]
    changed = min(candidates, key=lambda name: len(affected(name, importers)))
    follow = sorted(affected(changed, importers))
    return {"files": len(files), "bytes": total, "changed": changed, "affected": follow}


def affected(name: str, importers: dict[str, set[str]]) -> set[str]:
    """The stylesheet and those that import it, directly or by others: their hashes change."""
    found, new = {name}, {name}
    while new:
        new = {importer for known in new for importer in importers.get(known, ())} - found
        found |= new
    return found


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
