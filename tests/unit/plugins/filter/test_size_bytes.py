"""The filter size_bytes."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.stowage.django.plugins.filter.size_bytes import FilterModule

size_bytes = FilterModule().filters()["size_bytes"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("25m", 25 * 1024**2),
        ("25M", 25 * 1024**2),
        ("1g", 1024**3),
        ("512k", 512 * 1024),
        ("1048576", 1048576),
        (1048576, 1048576),
        ("0", 0),
    ],
)
def test_size(size: object, expected: int) -> None:
    assert size_bytes(size) == expected


@pytest.mark.parametrize(
    "value", ["25 m", "25mb", "1.5g", "-1", "", "big", "m", "٣m", "25m\n", -1, 1.5, True, None, []]
)
def test_what_is_no_size_is_named(value: object) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        size_bytes(value)
    assert repr(value) in str(caught.value)
