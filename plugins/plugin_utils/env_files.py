# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Env files as Docker Compose reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def env_file(variables: Mapping[str, object]) -> str:
    """The text of an env file, one variable a line, sorted by name.

    Values are text, whole numbers or booleans (written true and false). Compose gives each back to
    the container literally, whatever is in it: quotes, `$`, `#`, backslashes, line breaks. Raises
    ValueError for a name that is no identifier and for a value of another type; None is refused
    because "unset" and "empty" differ to Django.
    """
    return "".join(
        f"{_name(name)}={quoted(_text(name, variables[name]))}\n" for name in sorted(variables)
    )


def quoted(value: str) -> str:
    r"""One value in quotes, for Compose 2.24.4 and newer (compose-go, dotenv/parser.go).

    Between single quotes Compose interpolates nothing and knows one escape, `\'`. So a backslash
    before a single quote or at the end cannot be written there; such a value goes between double
    quotes, where `\`, `"` and `$` are escaped by a backslash.
    """
    if "\\'" in value or value.endswith("\\"):
        return '"' + re.sub(r'([\\"$])', r"\\\1", value) + '"'
    return "'" + value.replace("'", "\\'") + "'"


def _name(name: object) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name of an environment variable; use letters, digits and underscores"
        )
    return name


def _text(name: str, value: object) -> str:
    # The value stays out of messages: it may be a secret.
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, (str, int)):
        raise ValueError(f"{name}: its value is of type {type(value).__name__}; give a text")
    if "\0" in (text := str(value)):
        raise ValueError(f"{name}: its value holds a NUL byte, which no environment variable can")
    return text
