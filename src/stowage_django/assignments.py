"""Who sets DJANGO_SETTINGS_MODULE in the project's own code, found without running any of it.

`os.environ.setdefault("DJANGO_SETTINGS_MODULE", ...)`, what `startproject` writes, gives way to the
environment. An assignment does not, and needs the second way (see `hook`). In doubt the answer is
"assigned": the second way works for both.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAME = "DJANGO_SETTINGS_MODULE"
PYTHON_FILES = ("manage.py", "*wsgi*.py", "*asgi*.py", "*celery*.py", "gunicorn*.py", "uvicorn*.py")
SHELL_FILES = ("*.sh", "*entrypoint*", "start*", "Procfile")
# An assignment that keeps what is there, such as X=${X:-shop.settings}, gives way.
_SHELL = re.compile(rf"^[^#\n]*\b{NAME}=(?P<value>(?!\S*\$\{{?{NAME})[^\s;&]+)", re.MULTILINE)


@dataclass(frozen=True)
class Assignment:
    """`module` is None where the value is not a plain string."""

    path: Path
    line: int
    module: str | None


def find(path: Path) -> list[Assignment]:
    """The assignments of one file; none in a file that cannot be read or parsed."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    if NAME not in text:
        return []
    if path.suffix == ".py":
        return list(_in_python(path, text))
    return [
        Assignment(path, text.count("\n", 0, match.start("value")) + 1, match["value"].strip("'\""))
        for match in _SHELL.finditer(text)
    ]


def _in_python(path: Path, text: str) -> Iterator[Assignment]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        for value in _assigned(node):
            if not _names_variable(value):
                yield Assignment(path, value.lineno, _string(value))
        text_value = _string(node)
        if text_value is not None and text_value.startswith(f"{NAME}="):
            # gunicorn's raw_env = ["DJANGO_SETTINGS_MODULE=shop.settings"]
            yield Assignment(path, getattr(node, "lineno", 0), text_value.partition("=")[2])


def _assigned(node: ast.AST) -> Iterator[ast.expr]:
    """The values that this statement or call puts into the variable."""
    if isinstance(node, ast.Assign):
        if any(isinstance(t, ast.Subscript) and _is_name(t.slice) for t in node.targets):
            yield node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "putenv" and len(node.args) == 2 and _is_name(node.args[0]):
            yield node.args[1]
        elif node.func.attr == "update":
            for argument in node.args:
                if isinstance(argument, ast.Dict):
                    pairs = zip(argument.keys, argument.values)
                    yield from (value for key, value in pairs if _is_name(key))
            yield from (word.value for word in node.keywords if word.arg == NAME)


def _is_name(node: ast.AST | None) -> bool:
    return _string(node) == NAME


def _string(node: ast.AST | None) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


def _names_variable(value: ast.expr) -> bool:
    """`os.environ.get("DJANGO_SETTINGS_MODULE", "shop.settings")` gives way to the environment."""
    return any(_is_name(node) for node in ast.walk(value))
