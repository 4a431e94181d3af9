"""The filter env_file: golden text, and Docker Compose's own reading where it is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.stowage.django.plugins.filter.env_file import FilterModule

env_file = FilterModule().filters()["env_file"]

GOLDEN = [
    pytest.param("plain", "'plain'", id="plain"),
    pytest.param("", "''", id="empty"),
    pytest.param("a$b${c}$$d", "'a$b${c}$$d'", id="dollar"),
    pytest.param("a # b", "'a # b'", id="hash"),
    pytest.param('say "hi"', "'say \"hi\"'", id="double quotes"),
    pytest.param("it's", "'it\\'s'", id="single quote"),
    pytest.param("'", "'\\''", id="nothing but a single quote"),
    pytest.param("a\\nb", "'a\\nb'", id="backslash and n stay two characters"),
    pytest.param("one\ntwo", "'one\ntwo'", id="line break"),
    pytest.param("  a  ", "'  a  '", id="spaces"),
    pytest.param("end\\", '"end\\\\"', id="backslash at the end"),
    pytest.param("\\'\"$x", '"\\\\\'\\"\\$x"', id="backslash before a single quote"),
    pytest.param(True, "'true'", id="true"),
    pytest.param(False, "'false'", id="false"),
    pytest.param(42, "'42'", id="number"),
]


@pytest.mark.parametrize(("value", "written"), GOLDEN)
def test_value_is_written_as(value: object, written: str) -> None:
    assert env_file({"X": value}) == f"X={written}\n"


def test_variables_are_sorted() -> None:
    assert env_file({"B": "2", "A": "1"}) == "A='1'\nB='2'\n"
    assert env_file({}) == ""


@pytest.mark.parametrize("name", ["1A", "A-B", "A B", "A=B", "", "Ä", "A\n", 1])
def test_name_that_is_no_identifier_is_refused(name: object) -> None:
    with pytest.raises(AnsibleFilterError, match="no name of an environment variable"):
        env_file({name: "x"})


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="null"),
        pytest.param(["secret"], id="list"),
        pytest.param(1.5, id="fraction"),
        pytest.param("secret\0", id="NUL byte"),
    ],
)
def test_bad_value_is_refused_without_showing_it(value: object) -> None:
    with pytest.raises(AnsibleFilterError, match="PASSWORD: its value") as caught:
        env_file({"PASSWORD": value})
    assert "secret" not in str(caught.value)


def test_only_dictionaries() -> None:
    with pytest.raises(AnsibleFilterError, match="was given a list"):
        env_file([("A", "1")])


def _compose() -> list[str] | None:
    """Docker Compose, as a plugin or by itself; reading a file needs no engine."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            answer = subprocess.run(
                [*command, "version", "--short"], capture_output=True, text=True
            )
            version = re.match(r"v?(\d+)\.(\d+)", answer.stdout)
            if answer.returncode == 0 and version and (int(version[1]), int(version[2])) >= (2, 24):
                return command
    return None


@pytest.mark.skipif(_compose() is None, reason="Docker Compose 2.24 or newer is not installed")
def test_compose_reads_back_the_same(tmp_path: Path) -> None:
    cases: list[Any] = [case.values[0] for case in GOLDEN]
    values = {f"V{number}": value for number, value in enumerate(cases) if isinstance(value, str)}
    (tmp_path / "x.env").write_text(str(env_file(values)))
    (tmp_path / "compose.yaml").write_text("services: {web: {image: x, env_file: [x.env]}}\n")
    answer = subprocess.run(
        [*(_compose() or []), "config", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    environment = json.loads(answer.stdout)["services"]["web"]["environment"]
    # `config` doubles each dollar, so that its output can be read again.
    assert {name: text.replace("$$", "$") for name, text in environment.items()} == values
