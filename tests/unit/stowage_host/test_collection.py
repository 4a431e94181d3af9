"""What the collector's report says to a person."""

from __future__ import annotations

import pytest

from stowage_host.collection import Report

GONE = {"file": "css/a.css", "line": 3, "reference": "gone.png"}


@pytest.mark.parametrize(
    ("forgiven", "words"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(
            [GONE, {**GONE, "line": 9}],
            ["2 references to files that do not exist", "gone.png in css/a.css, line 3"],
            id="two",
        ),
    ],
)
def test_forgiven_references_are_one_warning(
    forgiven: list[dict[str, object]], words: list[str]
) -> None:
    warnings = Report([], forgiven).warnings
    assert len(warnings) == bool(forgiven)
    for word in words:
        assert word in warnings[0]
