"""Who sets DJANGO_SETTINGS_MODULE, by reading alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from stowage_django.assignments import find

NAME = "DJANGO_SETTINGS_MODULE"


@pytest.mark.parametrize(
    ("text", "module"),
    [
        pytest.param(f'os.environ["{NAME}"] = "a.b"', "a.b", id="assignment"),
        pytest.param(f'environ["{NAME}"] = "a.b"', "a.b", id="imported_environ"),
        pytest.param(
            f'if 1:\n    os.environ["{NAME}"] = "a." + x', None, id="computed_in_a_branch"
        ),
        pytest.param(f'os.environ.update({{"{NAME}": "a.b"}})', "a.b", id="update_with_dict"),
        pytest.param(f'os.environ.update({NAME}="a.b")', "a.b", id="update_with_keyword"),
        pytest.param(f'os.putenv("{NAME}", "a.b")', "a.b", id="putenv"),
        pytest.param(f'raw_env = ["{NAME}=a.b"]', "a.b", id="gunicorn_raw_env"),
    ],
)
def test_assignment_in_python_is_found(text: str, module: str | None, tmp_path: Path) -> None:
    path = tmp_path / "manage.py"
    path.write_text(f"import os\n{text}\n")
    (found,) = find(path)
    assert found.module == module
    assert found.line >= 2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'os.environ.setdefault("{NAME}", "a.b")', id="setdefault"),
        pytest.param(
            f'os.environ["{NAME}"] = os.environ.get("{NAME}", "a.b")', id="default_by_get"
        ),
        pytest.param(f'print(os.environ["{NAME}"])', id="reading"),
        pytest.param(f"# os.environ['{NAME}'] = 'a.b'", id="comment"),
        pytest.param(f"os.environ['{NAME}'] = (", id="syntax_error"),
    ],
)
def test_what_gives_way_in_python_is_not_found(text: str, tmp_path: Path) -> None:
    path = tmp_path / "manage.py"
    path.write_text(f"import os\n{text}\n")
    assert find(path) == []


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        pytest.param(f"export {NAME}=a.b", ["a.b"], id="export"),
        pytest.param(f'  {NAME}="a.b" gunicorn x', ["a.b"], id="before_a_command"),
        pytest.param(f"web: env {NAME}=a.b gunicorn x", ["a.b"], id="procfile"),
        pytest.param(f"export {NAME}=${{{NAME}:-a.b}}", [], id="default_keeps_ours"),
        pytest.param(f'export {NAME}="${{{NAME}:-a.b}}"', [], id="quoted_default_keeps_ours"),
        pytest.param(f"# export {NAME}=a.b", [], id="comment"),
        pytest.param(f'[ "${NAME}" = a.b ]', [], id="comparison"),
    ],
)
def test_shell(text: str, modules: list[str], tmp_path: Path) -> None:
    path = tmp_path / "entrypoint.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    assert [found.module for found in find(path)] == modules


def test_binary_file_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "start"
    path.write_bytes(b"\xff\xfe" + NAME.encode())
    assert find(path) == []
