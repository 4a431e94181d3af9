# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: tree
short_description: Read all text files below a directory of the controller
version_added: 0.1.0
description:
  - Reads a directory and returns its files as a list that M(stowage.django.config_files) takes, so
    that a whole Python package is installed by one task.
author:
  - The Stowage contributors (@stowage)
options:
  _terms:
    description: Paths of directories on the controller. A relative one is looked for from the
      current directory.
    type: list
    elements: str
    required: true
  prefix:
    description: Put before each path, with a slash between.
    type: str
    default: ""
  attributes:
    description: Further keys for each entry, such as V(mode), V(owner) and V(group).
    type: dict
    default: {}
  exclude:
    description: Patterns of base names of files and directories that are left out.
    type: list
    elements: str
    default: [__pycache__, "*.pyc"]
"""

EXAMPLES = r"""
- name: Install the command's package
  stowage.django.config_files:
    directories:
      - path: /opt/stowage/lib/stowage_host
        mode: "0755"
        exclusive: true
        keep: [__pycache__]
    files: >-
      {{ query('stowage.django.tree', role_path ~ '/../../src/stowage_host',
               prefix='/opt/stowage/lib/stowage_host', attributes={'mode': '0644'}) }}
"""

RETURN = r"""
_raw:
  description: One dictionary a file, sorted by path.
  type: list
  elements: dict
  contains:
    path:
      description: Path relative to the directory, behind O(prefix).
      type: str
    content:
      description: The file's text.
      type: str
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from ansible_collections.stowage.django.plugins.plugin_utils.trees import read_tree


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core has no types
    """The lookup `stowage.django.tree`."""

    def run(
        self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any
    ) -> list[dict[str, Any]]:
        """The entries of all directories in `terms`; AnsibleError if one cannot be read."""
        self.set_options(var_options=variables, direct=kwargs)
        prefix = self.get_option("prefix").rstrip("/")
        entries: list[dict[str, Any]] = []
        for term in terms:
            try:
                files = read_tree(term, self.get_option("exclude"))
            except (OSError, ValueError) as error:
                raise AnsibleError(f"stowage.django.tree: {error}") from error
            for file in files:
                path = f"{prefix}/{file['path']}" if prefix else file["path"]
                entries.append({**self.get_option("attributes"), **file, "path": path})
        return entries
