# Copyright (c) The Stowage contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run the server's command `stowage` and read its answer. Python 3.9, standard library."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import Any

STDERR_LINES = 15


class CommandError(Exception):
    """The command failed or did not answer as agreed. `details` goes into the module's result."""

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


@dataclass
class Call:
    """One call: `stowage -p PROJECT --json [--dry-run] ARGUMENTS...`, JSON on its standard input if
    given."""

    executable: str
    arguments: list[str]
    project: str | None = None
    stdin: Any = None
    dry_run: bool = False

    def argv(self) -> list[str]:
        """The argument list."""
        project = ["-p", self.project] if self.project else []
        dry_run = ["--dry-run"] if self.dry_run else []
        return [self.executable, *project, "--json", *dry_run, *self.arguments]

    def input_text(self) -> str:
        """What goes to standard input: text as it is, all else as JSON, "" for nothing."""
        if self.stdin is None or isinstance(self.stdin, str):
            return self.stdin or ""
        return json.dumps(self.stdin)


@dataclass
class Answer:
    """The command's JSON document, sorted into what Ansible knows and what the verb adds."""

    changed: bool
    msg: str
    warnings: list[str]
    diff: list[dict[str, Any]]
    document: dict[str, Any] = field(default_factory=dict)


def missing_for_a_dry_run(call: Call, config_root: str) -> str | None:
    """What a dry run needs and a server that was never converged does not have yet, or None."""
    if not os.access(call.executable, os.X_OK):
        return call.executable
    registration = os.path.join(config_root, call.project or "", "conf.d", "django_project.json")
    if call.project and not os.path.exists(registration):
        return registration
    return None


def run(call: Call) -> Answer:
    """Run the command and wait for it, however long it takes: a build may take minutes.

    Raises CommandError with the command's own message if it failed, and with the end of its
    standard error if it could not be started or printed no JSON object.
    """
    try:
        process = subprocess.run(
            call.argv(),
            input=call.input_text(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
        )
    except FileNotFoundError:
        raise CommandError(
            f"{call.executable} does not exist on this server; "
            "the role stowage.django.host_tools installs it"
        ) from None
    except OSError as error:
        raise CommandError(f"{call.executable} could not be started: {error.strerror}") from error
    return interpret(call, process.returncode, process.stdout, process.stderr)


def interpret(call: Call, code: int, stdout: str, stderr: str) -> Answer:
    """Turn exit code and output into an Answer, or raise CommandError."""
    command = shlex.join(call.argv())
    details: dict[str, Any] = {"rc": code, "cmd": command, "stderr_lines": stderr.splitlines()}
    try:
        document = json.loads(stdout)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        last = "\n".join(stderr.splitlines()[-STDERR_LINES:]) or "(nothing)"
        raise CommandError(
            f"{command} ended with code {code} and printed no JSON object. "
            f"Its last messages:\n{last}",
            stdout=stdout[-2000:],
            **details,
        )
    if code or document.get("failed"):
        message = document.get("msg") or f"{command} ended with code {code} and gave no reason"
        raise CommandError(str(message), stowage=document, **details)
    return Answer(
        changed=bool(document.get("changed")),
        msg=str(document.get("msg", "")),
        warnings=[str(warning) for warning in document.get("warnings") or []],
        diff=list(document.get("diff") or []),
        document=document,
    )
