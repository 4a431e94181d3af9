# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Sizes as nginx writes them."""

from __future__ import annotations

import re

UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
SIZE = re.compile(r"([0-9]+)([kmg]?)", re.IGNORECASE | re.ASCII)


def size_bytes(value: object) -> int:
    """Bytes of a size such as "25m", "1G", "512k", "1048576" or 1048576.

    The units are nginx's, powers of 1024 (https://nginx.org/en/docs/syntax.html). Raises ValueError
    naming the value otherwise: a fraction, a sign, a space and "MB" are no sizes to nginx either.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return int(value)
    match = SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(
            f"{value!r} is no size; give a whole number of bytes, "
            "or one with k, m or g behind it, such as '25m'"
        )
    return int(match[1]) * UNITS[match[2].lower()]
