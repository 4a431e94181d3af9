"""Running the collector as a server does, and publishing what it staged."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.unit.stowage_django.conftest import run, way_environment
from tests.unit.stowage_django.djangos import SOURCE
from tests.unit.stowage_django.shapes import Shape

# As on a server, where no .pth file is mounted into the one-off container.
BOOTSTRAP = (
    f"import sys; sys.path.append({str(SOURCE)!r}); import runpy; "
    "runpy.run_module('stowage_django.collect', run_name='__main__', alter_sys=True)"
)
HASHED = re.compile(r"\.[0-9a-f]{12}(?=\.|$)")


class Collected:
    """The outcome of one collection into `target`.

    `files`: the tree's files with their content; `paths` and `plain`: those of the
    manifest, if any.
    """

    def __init__(self, result: Any, target: Path) -> None:
        last = (result.stdout.splitlines() or [""])[-1]
        assert last.startswith("STOWAGE-COLLECT:"), result.stdout + result.stderr
        self.document: dict[str, Any] = json.loads(last.removeprefix("STOWAGE-COLLECT:"))
        self.code: int = result.returncode
        self.stderr: str = result.stderr
        self.target = target
        self.tree = target / "tree"
        self.manifest = target / "manifest.json"
        # Read now: the next collection begins with an empty target.
        files = (path for path in self.tree.rglob("*") if path.is_file())
        self.files = {str(path.relative_to(self.tree)): path.read_bytes() for path in files}
        self.paths: dict[str, str] = {}
        self.plain: dict[str, str] = {}
        if self.manifest.exists():
            document = json.loads(self.manifest.read_text())
            self.paths, self.plain = document["paths"], document.get("plain", {})

    @property
    def names(self) -> list[str]:
        """The tree's files, hashes replaced by .#."""
        return sorted(HASHED.sub(".#", name) for name in self.files)

    def publish(self, published: Path) -> None:
        """What the server does with it: hashed files into the pool, other texts into plain."""
        for name, hashed in self.paths.items():
            pooled = published / "pool" / hashed
            pooled.parent.mkdir(parents=True, exist_ok=True)
            if not pooled.exists():
                pooled.write_bytes(self.files[hashed])
            if name in self.plain:
                plain = published / "plain" / self.plain[name]
                plain.parent.mkdir(exist_ok=True)
                if not plain.exists():
                    plain.write_bytes(self.files[name])
        shutil.copyfile(self.target / "memory.json", published / "collected.json")


def collect(
    python: Path,
    folder: Path,
    shape: Shape,
    storage: str = "release_manifest",
    way: str = "settings",
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Collected:
    """Write the project into `folder`/project, unless it is there, and collect it into
    `folder`/staging."""
    project = folder / "project"
    if not project.exists():
        shape.write(project)
    target = folder / "staging"
    target.mkdir(exist_ok=True)
    variables = {
        **way_environment(way, shape),
        "STOWAGE_STATIC_STORAGE": storage,
        "STOWAGE_STATIC_URL": "/assets/",
        "STOWAGE_RELEASE_ID": "r1",
        **(environment or {}),
    }
    if way == "hook":
        variables["STOWAGE_SETTINGS_MODULE"] = shape.module
    words: list[str | Path] = [python, "-c", BOOTSTRAP, "--target", target, *options]
    return Collected(run(words, project, variables), target)
