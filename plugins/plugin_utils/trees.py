# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a directory of text files."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence


def read_tree(root: str, exclude: Sequence[str]) -> list[dict[str, str]]:
    """All text files below `root`: [{"path": relative with "/", "content": text}], sorted by path.

    `exclude` holds patterns of base names, for files and directories. Raises ValueError if `root`
    is no directory, holds no file, or holds one that is no UTF-8 text or is a symbolic link.
    """
    if not os.path.isdir(root):
        raise ValueError(f"{root} is no directory")
    files = [
        {"path": os.path.relpath(path, root), "content": _text(path)}
        for path in _walk(root, exclude)
    ]
    if not files:
        raise ValueError(f"{root} holds no files")
    return sorted(files, key=lambda item: item["path"])


def _walk(folder: str, exclude: Sequence[str]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if any(fnmatch.fnmatch(entry.name, pattern) for pattern in exclude):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, exclude)
            else:
                yield entry.path


def _text(path: str) -> str:
    if os.path.islink(path) or not os.path.isfile(path):
        raise ValueError(f"{path} is no regular file")
    try:
        # newline="" keeps line ends as they are.
        with open(path, encoding="utf-8", newline="") as handle:
            return handle.read()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no UTF-8 text") from error
