# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: env_file
short_description: Turn a dictionary into the text of an env file for Docker Compose
version_added: 0.1.0
description:
  - Writes one variable a line, sorted by name, each value in quotes such that Docker Compose
    (2.24.4 and newer) hands it to the container literally. Nothing in a value is interpolated.
  - Fails on a name that is no identifier and on a value that is neither text nor number nor
    boolean. Messages never show a value.
author:
  - The Stowage contributors (@stowage)
positional: _input
options:
  _input:
    description: Names and values. Booleans are written V(true) and V(false).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write an env file
  stowage.django.config_files:
    files:
      - path: /etc/stowage/shop/env/storage.env
        content: "{{ {'USE_S3': true, 'AWS_SECRET_ACCESS_KEY': 'a$b'} | stowage.django.env_file }}"
        mode: "0600"
        sensitive: true
"""

RETURN = r"""
_value:
  description: The text, with a line break at its end; empty for an empty dictionary.
  type: str
"""

from collections.abc import Callable, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.stowage.django.plugins.plugin_utils import env_files


def env_file(variables: object) -> str:
    """The text of an env file; AnsibleFilterError without any value in it if that cannot be."""
    if not isinstance(variables, Mapping):
        kind = type(variables).__name__
        raise AnsibleFilterError(f"stowage.django.env_file: needs a dictionary, was given a {kind}")
    try:
        return env_files.env_file(variables)
    except ValueError as error:
        raise AnsibleFilterError(f"stowage.django.env_file: {error}") from error


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Name and function."""
        return {"env_file": env_file}
