"""The module stowage with fake commands that are real processes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from ansible_collections.stowage.django.plugins.modules.stowage import main
from tests.unit.plugins.conftest import RunModule

MakeCommand = Callable[[str], dict[str, Any]]


@pytest.fixture
def make_command(tmp_path: Path) -> MakeCommand:
    """Write a Python program and a registered project `shop`; returns parameters that use both."""

    def make(body: str) -> dict[str, Any]:
        path = tmp_path / "stowage"
        path.write_text(f"#!{sys.executable}\nimport json, sys\n{body}\n")
        path.chmod(0o755)
        registration = tmp_path / "etc/shop/conf.d/django_project.json"
        registration.parent.mkdir(parents=True)
        registration.write_text("{}")
        return {
            "executable": str(path),
            "config_root": str(tmp_path / "etc"),
            "project": "shop",
            "arguments": ["static", "publish"],
        }

    return make


ECHO = 'print(json.dumps({"changed": True, "msg": "done", "argv": sys.argv[1:]}))'


@pytest.mark.parametrize(
    ("extra", "check_mode", "argv"),
    [
        pytest.param({}, False, "-p shop --json static publish", id="run"),
        pytest.param({}, True, "-p shop --json --dry-run static publish", id="check mode"),
        pytest.param(
            {"changes": False}, True, "-p shop --json static publish", id="read in check mode"
        ),
        pytest.param({"project": None}, False, "--json static publish", id="no project"),
    ],
)
def test_command_line(
    run_module: RunModule,
    make_command: MakeCommand,
    extra: dict[str, Any],
    check_mode: bool,
    argv: str,
) -> None:
    result = run_module(main, {**make_command(ECHO), **extra}, check_mode)
    assert result["stowage"]["argv"] == argv.split()
    assert (result["changed"], result["msg"]) == (True, "done")


@pytest.mark.parametrize(
    ("stdin", "received"),
    [
        pytest.param({"name": "shop", "n": [1]}, {"name": "shop", "n": [1]}, id="dictionary"),
        pytest.param('{"a": 1}', {"a": 1}, id="text"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_standard_input(
    run_module: RunModule, make_command: MakeCommand, stdin: Any, received: Any
) -> None:
    body = (
        "text = sys.stdin.read()\n"
        'print(json.dumps({"received": json.loads(text) if text else None}))'
    )
    result = run_module(main, {**make_command(body), "stdin": stdin})
    assert result["stowage"]["received"] == received
    assert not result["changed"]


def test_warnings_and_diff_become_ansibles(
    run_module: RunModule, make_command: MakeCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _self, text: warnings.append(text))
    document = {
        "changed": True,
        "msg": "m",
        "warnings": ["compose.yaml names no image"],
        "diff": [{"before_header": "a", "after_header": "a", "before": "1", "after": "2"}],
    }
    result = run_module(main, make_command(f"print({json.dumps(json.dumps(document))})"))
    assert warnings == document["warnings"]
    assert result["diff"] == document["diff"]


def test_failure_shows_the_commands_own_message(
    run_module: RunModule, make_command: MakeCommand
) -> None:
    document = {"failed": True, "msg": "django_project_services: no service 'wbe'", "code": 4}
    body = f"print({json.dumps(json.dumps(document))}); print('step 1', file=sys.stderr); exit(4)"
    result = run_module(main, make_command(body))
    assert result["failed"]
    assert result["msg"] == document["msg"]
    assert result["rc"] == 4
    assert result["stowage"] == document
    assert result["stderr_lines"] == ["step 1"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            "print('Traceback'); print('boom', file=sys.stderr); exit(1)", id="crash with output"
        ),
        pytest.param("print('boom', file=sys.stderr); exit(1)", id="crash without output"),
        pytest.param("print('[1]'); print('boom', file=sys.stderr)", id="JSON but no object"),
    ],
)
def test_answer_that_is_no_json_object_shows_the_last_messages(
    run_module: RunModule, make_command: MakeCommand, body: str
) -> None:
    result = run_module(main, make_command(body))
    assert result["failed"]
    assert "printed no JSON object" in result["msg"]
    assert result["msg"].endswith("boom")


@pytest.mark.parametrize("missing", ["executable", "config_root"])
def test_check_mode_on_a_clean_server_says_what_it_would_run(
    run_module: RunModule, make_command: MakeCommand, missing: str
) -> None:
    parameters = {**make_command(ECHO), missing: "/nonexistent/x"}
    result = run_module(main, parameters, check_mode=True)
    assert result["changed"]
    assert result["msg"].startswith("would run: ")
    assert "/nonexistent/x" in result["msg"]
    assert not run_module(main, {**parameters, "changes": False}, check_mode=True)["changed"]


def test_missing_command_is_a_clear_failure(
    run_module: RunModule, make_command: MakeCommand
) -> None:
    result = run_module(main, {**make_command(ECHO), "executable": "/nonexistent/stowage"})
    assert result["failed"]
    assert "the role stowage.django.host_tools installs it" in result["msg"]
