"""Find the project around us: what `inspect` and `collect` do before Django is asked anything."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

OUR_SETTINGS = "stowage_django.settings"

# Folders that hold no entry point of the project, or too much else.
SKIPPED = frozenset(
    (
        *("__pycache__", "env", "node_modules", "site-packages", "venv"),
        *("locale", "media", "migrations", "static", "staticfiles", "templates"),
    )
)
DEPTH = 3  # levels of folders below a root
MOST_ENTRIES = 20_000  # looked at, in the case of a root like /


def make_importable(module: str) -> list[str]:
    """Put the folder of the project's settings module onto sys.path as its entry points would.

    A process server is started in the project's folder, or told to change to it (`--chdir src`);
    `manage.py` brings its own. Returns notes.
    """
    working = os.getcwd()
    if working not in sys.path and "" not in sys.path:
        sys.path.insert(0, working)
    package = module.partition(".")[0]
    if _is_found(package):
        return []
    for script in _below(Path(working), ("manage.py",)):
        folder = script.parent
        if (folder / package).is_dir() or (folder / f"{package}.py").is_file():
            sys.path.insert(0, str(folder))
            return [f"{package} was found in {folder}, beside manage.py; {working} has none."]
    return []


def start_configurations() -> None:
    """django-configurations hooks itself into the import of the settings, if told to."""
    if os.environ.get("DJANGO_CONFIGURATION"):
        try:
            importer = importlib.import_module("configurations.importer")
        except ImportError:
            return
        importer.install()


def _is_found(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def roots(module: str) -> list[Path]:
    """The folders that the project's own code lies in: the working one and the settings'."""
    found = [Path.cwd()]
    spec = find_spec(module.partition(".")[0]) if _is_found(module.partition(".")[0]) else None
    places = list(spec.submodule_search_locations or ()) if spec else []
    if spec and not places and spec.origin:
        places = [spec.origin]
    for place in places:
        parent = Path(place).parent
        if parent not in found and "site-packages" not in parent.parts:
            found.append(parent)
    return found


def files(folders: list[Path], patterns: tuple[str, ...]) -> Iterator[Path]:
    """The project's files of these names (`*` allowed), each once."""
    seen = set()
    for folder in folders:
        for path in _below(folder, patterns):
            if path not in seen:
                seen.add(path)
                yield path


def _below(root: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    """Breadth first, so that the nearest comes first and a huge folder does not hide it."""
    level, looked_at = [root], 0
    for _ in range(DEPTH + 1):
        deeper: list[Path] = []
        for folder in level:
            for path in _entries(folder):
                looked_at += 1
                if looked_at > MOST_ENTRIES:
                    return
                if path.is_dir() and not path.is_symlink():
                    if path.name not in SKIPPED and not path.name.startswith("."):
                        deeper.append(path)
                elif any(path.match(pattern) for pattern in patterns):
                    yield path
        level = deeper


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
