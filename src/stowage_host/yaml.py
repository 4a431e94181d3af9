# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writing a Compose file: block mappings and lists, JSON scalars, Compose's own tags.

The standard library has no YAML; what is written here is plain data of ours, and YAML is a superset
of JSON, so that scalars are JSON's. `$` is doubled: Compose would interpolate it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reset:
    """`!reset null`: takes away what the files before had."""


@dataclass(frozen=True)
class Override:
    """`!override`: replaces a list or mapping instead of merging into it."""

    value: Any


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        value = value.replace("$", "$$")
    return json.dumps(value, ensure_ascii=False)


def _lines(value: Any, indent: str) -> list[str]:
    if isinstance(value, dict):
        return [
            line
            for key, item in value.items()
            for line in _item(f"{json.dumps(key)}:", item, indent)
        ]
    return [line for item in value for line in _item("-", item, indent)]


def _item(head: str, value: Any, indent: str) -> list[str]:
    if isinstance(value, Reset):
        return [f"{indent}{head} !reset null"]
    if isinstance(value, Override):
        inner = _item(head, value.value, indent)
        return [inner[0].replace(head, f"{head} !override", 1), *inner[1:]]
    if isinstance(value, (dict, list)):
        if not value:
            return [f"{indent}{head} {'{}' if isinstance(value, dict) else '[]'}"]
        return [f"{indent}{head}", *_lines(value, indent + "  ")]
    return [f"{indent}{head} {_scalar(value)}"]


def dump(document: dict[str, Any], comment: str) -> str:
    """The document as YAML text under `comment`, which may have several lines."""
    head = [f"# {line}" for line in comment.splitlines()]
    return "\n".join([*head, "---", *_lines(document, "")]) + "\n"
