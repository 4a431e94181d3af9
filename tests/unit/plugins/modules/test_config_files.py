"""The module config_files as Ansible calls it."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.stowage.django.plugins.modules.config_files import main
from tests.unit.plugins.conftest import RunModule


def test_writes_and_reports(run_module: RunModule, tmp_path: Path) -> None:
    parameters = {"files": [{"path": f"{tmp_path}/a", "content": "x\n", "mode": "0644"}]}
    result = run_module(main, parameters)
    assert result["changed_paths"] == [f"{tmp_path}/a"]
    assert result["msg"] == f"1 changed: {tmp_path}/a"
    assert not run_module(main, parameters)["changed"]


def test_check_mode_changes_nothing(run_module: RunModule, tmp_path: Path) -> None:
    parameters = {"directories": [{"path": f"{tmp_path}/a", "mode": "0755"}]}
    assert run_module(main, parameters, check_mode=True)["changed"]
    assert list(tmp_path.iterdir()) == []


def test_failure_names_path_and_remedy(run_module: RunModule) -> None:
    result = run_module(main, {"files": [{"path": "/tmp/a", "content": "", "mode": "644"}]})
    assert result["failed"]
    assert "/tmp/a: mode is '644'" in result["msg"]


def test_sensitive_content_is_nowhere_in_the_result(run_module: RunModule, tmp_path: Path) -> None:
    secret = "KEY='a$b'\n"
    result = run_module(
        main,
        {
            "files": [
                {"path": f"{tmp_path}/a", "content": secret, "mode": "0600", "sensitive": True}
            ]
        },
    )
    assert (tmp_path / "a").read_text() == secret
    assert "a$b" not in str(result)
