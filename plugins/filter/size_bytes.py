# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: size_bytes
short_description: Turn a size such as 25m into bytes
version_added: 0.1.0
description:
  - Reads a size as nginx writes it, a whole number with V(k), V(m) or V(g) behind it (powers of
    1024) or nothing.
  - Fails with a message that names the value if it is no size.
author:
  - The Stowage contributors (@stowage)
positional: _input
options:
  _input:
    description: The size.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Show a limit in bytes
  ansible.builtin.debug:
    msg: "{{ '25m' | stowage.django.size_bytes }}"  # 26214400
"""

RETURN = r"""
_value:
  description: The number of bytes.
  type: int
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ansible_collections.stowage.django.plugins.plugin_utils import sizes


def size_bytes(value: object) -> int:
    """Bytes of a size; AnsibleFilterError naming the value if it is none."""
    try:
        return sizes.size_bytes(value)
    except ValueError as error:
        raise AnsibleFilterError(f"stowage.django.size_bytes: {error}") from error


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Name and function."""
        return {"size_bytes": size_bytes}
