"""The Compose file writer: what it writes is read back by a real YAML parser."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from stowage_host.yaml import Override, Reset, dump


class Tagged(yaml.SafeLoader):
    """Reads Compose's tags into (tag, value)."""


def _construct(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return suffix, loader.construct_sequence(node, deep=True)
    if isinstance(node, yaml.MappingNode):
        return suffix, loader.construct_mapping(node, deep=True)
    return suffix, None


Tagged.add_multi_constructor("!", _construct)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"a": {"b": [1, "two", {"c": None, "d": []}]}}, id="nested"),
        pytest.param({"text": 'quote " backslash \\ newline \n tab \t é ☃ 😀'}, id="hostile-text"),
        pytest.param({"yes": "yes", "no": "no", "n": "1e3", "b": True}, id="yaml-traps"),
        pytest.param({"list": [["a"], [["b"]]], "empty": {}}, id="lists-of-lists"),
        pytest.param({"key: with # signs": "x"}, id="hostile-key"),
    ],
)
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    assert yaml.safe_load(dump(value, "comment")) == value


def test_dollars_are_doubled_against_interpolation() -> None:
    assert yaml.safe_load(dump({"a": "$HOME ${X}"}, ""))["a"] == "$$HOME $${X}"


def test_tags_of_compose() -> None:
    text = dump({"build": Reset(), "ports": Override([{"target": 80}]), "none": Override([])}, "")
    assert yaml.load(text, Tagged) == {
        "build": ("reset", None),
        "ports": ("override", [{"target": 80}]),
        "none": ("override", []),
    }


def test_comment_of_several_lines_stays_a_comment() -> None:
    assert dump({}, "one\ntwo").startswith("# one\n# two\n---\n")
