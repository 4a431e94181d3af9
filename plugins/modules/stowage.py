#!/usr/bin/python
# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: stowage
short_description: Run the server's command stowage
version_added: 0.1.0
description:
  - Runs C(stowage -p PROJECT --json VERB ...) and turns its answer into the task's result, so that
    a play and a cron job do the same thing in the same way.
author:
  - The Stowage contributors (@stowage)
options:
  arguments:
    description: The verb and its arguments, each an element of its own, such as V([static,
      publish]).
    type: list
    elements: str
    required: true
  project:
    description: Name of the project (C(django_project_name)). Verbs for the whole server go without
      it.
    type: str
  stdin:
    description:
      - What the command reads from its standard input. A text is passed as it is, a dictionary or
        list as JSON.
      - It is recorded with the task's arguments. Set C(no_log) on the task when it holds secrets.
    type: raw
  changes:
    description:
      - Whether the verb can change something. In check mode such a verb is run with C(--dry-run); a
        verb that only reads is run as it is.
    type: bool
    default: true
  executable:
    description: Path of the command.
    type: path
    default: /opt/stowage/bin/stowage
  config_root:
    description: Directory under which the projects of this server are registered.
    type: path
    default: /etc/stowage
attributes:
  check_mode:
    support: full
    description:
      - Runs the verb with C(--dry-run). Where the command or the project's registration is not
        there yet, the task reports what it would run, since on a clean server an earlier task of
        the play would have put it there.
  diff_mode:
    support: full
    description: Shows the differences that the command reports.
"""

EXAMPLES = r"""
- name: Register the project
  stowage.django.stowage:
    project: shop
    arguments: [project, register]
    stdin: "{{ __django_project_registration }}"

- name: Ask which releases there are
  stowage.django.stowage:
    project: shop
    arguments: [static, list]
    changes: false
  register: __static_files_releases
"""

RETURN = r"""
msg:
  description: The command's own sentence. After a failure it names the variable, its value and the
    remedy.
  returned: always
  type: str
  sample: Release 4f2c9d1 is published and current.
stowage:
  description: The whole document that the command printed, what the verb adds to it included.
  returned: when the command printed one
  type: dict
  sample: {"changed": true, "msg": "Release 4f2c9d1 is published and current.", "release":
    "4f2c9d1"}
rc:
  description: The command's exit code.
  returned: failure
  type: int
  sample: 3
cmd:
  description: The command line.
  returned: failure, and in check mode when the command could not be asked
  type: str
  sample: /opt/stowage/bin/stowage -p shop --json static publish
stderr_lines:
  description: Progress and messages of the command.
  returned: failure
  type: list
  elements: str
"""

import shlex

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.stowage.django.plugins.module_utils.stowage_command import (
    Call,
    CommandError,
    missing_for_a_dry_run,
    run,
)


def main() -> None:
    """Read the parameters, run the command, answer."""
    module = AnsibleModule(
        argument_spec={
            "arguments": {"type": "list", "elements": "str", "required": True},
            "project": {"type": "str"},
            "stdin": {"type": "raw"},
            "changes": {"type": "bool", "default": True},
            "executable": {"type": "path", "default": "/opt/stowage/bin/stowage"},
            "config_root": {"type": "path", "default": "/etc/stowage"},
        },
        supports_check_mode=True,
    )
    params = module.params
    call = Call(
        executable=params["executable"],
        arguments=params["arguments"],
        project=params["project"],
        stdin=params["stdin"],
        dry_run=module.check_mode and params["changes"],
    )
    missing = missing_for_a_dry_run(call, params["config_root"]) if module.check_mode else None
    if missing:
        command = shlex.join(call.argv())
        module.exit_json(
            changed=params["changes"],
            msg=f"would run: {command} ({missing} does not exist yet)",
            cmd=command,
        )
    try:
        answer = run(call)
    except CommandError as error:
        module.fail_json(msg=str(error), **error.details)
    for warning in answer.warnings:
        module.warn(warning)
    module.exit_json(
        changed=answer.changed, msg=answer.msg, diff=answer.diff, stowage=answer.document
    )


if __name__ == "__main__":
    main()
