#!/usr/bin/python
# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write a list of small text files, directories and links in one task
version_added: 0.1.0
description:
  - Brings text files, directories and symbolic links of a server into the wanted state, all in one
    module execution. With M(ansible.builtin.copy) and M(ansible.builtin.file) each of them costs
    one.
  - Files are written beside their destination, with their final owner and mode, and renamed into
    place, so a reader finds the old or the new content. A symbolic link at a file's path is
    replaced, never followed.
  - Everything is compared before anything is written. When an entry is contradictory, nothing has
    changed.
author:
  - The Stowage contributors (@stowage)
options:
  files:
    description: Text files.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the file.
        type: path
        required: true
      content:
        description: The whole text, stored as UTF-8. Required unless O(files[].state=absent).
        type: str
      mode:
        description: Permissions, four octal digits in quotes. Required unless
          O(files[].state=absent).
        type: str
      owner:
        description:
          - User name or number. Without it an existing file keeps its owner, a new one belongs to
            the user that runs the module.
        type: str
      group:
        description: Group name or number; without it as for O(files[].owner).
        type: str
      state:
        description: Whether the file is there. V(absent) removes a file or a symbolic link, never a
          directory.
        type: str
        choices: [present, absent]
        default: present
      sensitive:
        description: Whether the content is kept out of the diff and of the module's own record of
          its arguments.
        type: bool
        default: false
  directories:
    description:
      - Directories. What is missing between one of them and a file or link below it is made, too,
        with the same owner, group and mode.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the directory. A symbolic link to one is accepted if root owns
          the link.
        type: path
        required: true
      mode:
        description: Permissions, four octal digits in quotes. Required unless
          O(directories[].state=absent).
        type: str
      owner:
        description: User name or number; without it as for O(files[].owner).
        type: str
      group:
        description: Group name or number; without it as for O(files[].owner).
        type: str
      state:
        description:
          - Whether the directory is there. With V(absent) a directory that still holds something
            stays and is named in RV(kept_paths).
        type: str
        choices: [present, absent]
        default: present
      exclusive:
        description:
          - Whether everything below the directory that is not in the lists is removed, at any
            depth.
        type: bool
        default: false
      keep:
        description: Patterns of base names that O(directories[].exclusive) leaves alone, such as
          V(__pycache__).
        type: list
        elements: str
        default: []
      recursive:
        description: Whether O(directories[].state=absent) removes the directory with all it holds.
        type: bool
        default: false
  links:
    description: Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the link.
        type: path
        required: true
      target:
        description: What the link says; may be relative. Required unless O(links[].state=absent).
        type: str
      state:
        description: Whether the link is there. V(absent) removes symbolic links only.
        type: str
        choices: [present, absent]
        default: present
attributes:
  check_mode:
    support: full
    description: Reports what would change; owners and parent directories that do not exist yet are
      taken for granted.
  diff_mode:
    support: full
    description: One entry for each path; the content of sensitive files is not shown.
"""

EXAMPLES = r"""
- name: Write the site's configuration
  stowage.django.config_files:
    directories:
      - path: /etc/stowage/shop
        mode: "0755"
        owner: root
        group: root
    files:
      - path: /etc/stowage/shop/conf.d/static_files.json
        content: "{{ __static_files_conf | to_nice_json }}\n"
        mode: "0644"
      - path: /etc/stowage/shop/env/storage.env
        content: "{{ __storage_env | stowage.django.env_file }}"
        mode: "0600"
        sensitive: true

- name: Install a Python package, without files of its earlier versions
  stowage.django.config_files:
    directories:
      - path: /opt/stowage/lib/stowage_host
        mode: "0755"
        exclusive: true
        keep: [__pycache__]
    files: >-
      {{ query('stowage.django.tree', role_path ~ '/../../src/stowage_host',
               prefix='/opt/stowage/lib/stowage_host', attributes={'mode': '0644'}) }}
    links:
      - path: /usr/local/bin/stowage
        target: /opt/stowage/bin/stowage
"""

RETURN = r"""
changed_paths:
  description: Paths that were written, changed or removed (in check mode, that would be), sorted.
  returned: success
  type: list
  elements: str
  sample: [/etc/stowage/shop, /etc/stowage/shop/env/storage.env]
kept_paths:
  description: Directories that were to be absent and stay because something is in them.
  returned: success
  type: list
  elements: str
  sample: [/etc/stowage/shop]
msg:
  description: How many paths changed, and which; or the path, the trouble and the remedy.
  returned: always
  type: str
  sample: "1 changed: /etc/stowage/shop/env/storage.env"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.stowage.django.plugins.module_utils.config_entries import ConfigError
from ansible_collections.stowage.django.plugins.module_utils.config_files import run

PATH = {"type": "path", "required": True}
STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}
OWNED = {"mode": {"type": "str"}, "owner": {"type": "str"}, "group": {"type": "str"}}

FILE = {
    "path": PATH,
    # Not no_log: that would blot out the text of every harmless file, and each word equal to it, in
    # the diff.
    "content": {"type": "str", "no_log": False},
    **OWNED,
    "state": STATE,
    "sensitive": {"type": "bool", "default": False},
}
DIRECTORY = {
    "path": PATH,
    **OWNED,
    "state": STATE,
    "exclusive": {"type": "bool", "default": False},
    "keep": {"type": "list", "elements": "str", "default": []},
    "recursive": {"type": "bool", "default": False},
}
LINK = {"path": PATH, "target": {"type": "str"}, "state": STATE}


def main() -> None:
    """Read the parameters, do the work, answer."""
    module = AnsibleModule(
        argument_spec={
            name: {"type": "list", "elements": "dict", "default": [], "options": options}
            for name, options in (("files", FILE), ("directories", DIRECTORY), ("links", LINK))
        },
        supports_check_mode=True,
    )
    for item in module.params["files"]:
        if item["sensitive"] and item["content"]:
            module.no_log_values.add(item["content"])
    try:
        result = run(module.params, module.check_mode)
    except ConfigError as error:
        module.fail_json(msg=str(error))
    if not module._diff:  # Ansible prints what is returned, asked for or not
        result["diff"] = []
    module.exit_json(**result)


if __name__ == "__main__":
    main()
