"""The staging directory of one collection, and what the server has published already."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from stowage_django import sources
from stowage_django.faults import EXIT_FILES, CollectError


class Staging:
    """Writes what the server lacks into `target`/tree.

    `published`: the server's static directory (pool, plain, collected.json), read-only; without
    it all files are staged, under both names.
    """

    def __init__(self, target: Path, published: Path | None = None) -> None:
        self.target = target
        self.complete = published is None
        self.memory = None if published is None else str(published / "collected.json")
        self._tree = f"{target}/tree/"
        self._pool = f"{published}/pool/"
        self._plain = f"{published}/plain/"
        self._folders: set[str] = set()
        self._staged: set[str] = set()

    @property
    def files(self) -> int:
        """Number of files that were staged."""
        return len(self._staged)

    def in_pool(self, name: str) -> bool:
        """A name in the pool stands for its content: the server has checked it."""
        return not self.complete and os.access(self._pool + name, os.F_OK)

    def pool_digest(self, name: str) -> str:
        """MD5 of a file in the pool."""
        return sources.digest(self._pool + name)[0]

    def has_plain(self, digest: str) -> bool:
        """Whether the server has a text that stands under plain names, by its MD5."""
        return not self.complete and os.access(self._plain + digest, os.F_OK)

    def put(self, name: str, content: str | bytes) -> None:
        """Stage one file: its content, or the path of a large one."""
        folder = name.rpartition("/")[0]
        if folder not in self._folders:
            self._make(folder)
        path = self._tree + name
        if isinstance(content, bytes):
            with open(path, "wb", buffering=0) as file:
                file.write(content)
        else:
            shutil.copyfile(content, path)
        self._staged.add(name)

    def _make(self, folder: str) -> None:
        place = os.path.normpath(folder)
        if place.startswith(("../", "/")) or place == "..":
            raise CollectError(
                f"A static file is named {folder}/..., which is outside of the static files: "
                "rename it, or change the prefix in STATICFILES_DIRS.",
                EXIT_FILES,
            )
        os.makedirs(self._tree + folder, exist_ok=True)
        self._folders.add(folder)
