# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Docker as a program: running it, and what can be asked of images and containers.

What the programs print goes into error messages by its last lines only; `docker compose config`
prints the project's secrets, so its output is parsed and never shown.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import EngineError

COMPOSE_MINIMUM = (2, 24, 4)
"""The first Compose in which `!override` and `!reset` do what is written."""


@dataclass(frozen=True)
class Result:
    """What a program answered: exit code, standard output, standard error."""

    code: int
    stdout: str
    stderr: str

    def tail(self, lines: int = 12) -> str:
        """The last lines of standard output and, after them, standard error.

        Programs are of two minds about where an explanation goes: a build prints its steps on
        standard output and only the verdict on standard error.
        """
        text = "\n".join(filter(None, [self.stdout.strip(), self.stderr.strip()]))
        return "\n".join(text.splitlines()[-lines:])


def say(text: str) -> None:
    """Progress for a person: standard error, so that standard output stays the answer."""
    print(text, file=sys.stderr, flush=True)


def run(
    arguments: Sequence[str],
    *,
    cwd: str | None = None,
    timeout: float | None = None,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
) -> Result:
    """Run a program to its end. Exit code 124 stands for a timeout, 127 for a missing program."""
    try:
        done = subprocess.run(
            list(arguments),
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=dict(environment) if environment is not None else None,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        return Result(124, _text(expired.stdout), _text(expired.stderr))
    except FileNotFoundError:
        return Result(127, "", f"{arguments[0]}: program not found")
    return Result(done.returncode, done.stdout, done.stderr)


def _text(output: bytes | str | None) -> str:
    if isinstance(output, bytes):
        return output.decode(errors="replace")
    return output or ""


def docker(*arguments: str, timeout: float | None = None, stdin: str = "") -> str:
    """Standard output of a docker command; raises EngineError with its last lines."""
    result = run(["docker", *arguments], timeout=timeout, stdin=stdin)
    if result.code:
        raise EngineError(f"docker {' '.join(arguments[:2])} failed: {result.tail()}")
    return result.stdout


def check_compose() -> str:
    """The version of Docker Compose; raises EngineError where it is missing or too old."""
    result = run(["docker", "compose", "version", "--short"])
    if result.code:
        raise EngineError(
            "docker compose does not answer on this server: install Docker with its Compose "
            f"plugin, or set host_tools_install_docker: true ({result.tail(2)})"
        )
    version = result.stdout.strip().lstrip("v")
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
    if numbers < COMPOSE_MINIMUM:
        wanted = ".".join(map(str, COMPOSE_MINIMUM))
        raise EngineError(
            f"Docker Compose on this server is {version}: {wanted} or newer is needed "
            "(older ones misread !override); install docker-compose-plugin of Docker's repository"
        )
    return version


def image_id(reference: str) -> str | None:
    """The id (`sha256:...`) of a local image; None where there is none."""
    result = run(["docker", "image", "inspect", "--format", "{{.Id}}", reference])
    return result.stdout.strip() if result.code == 0 else None


def remove_container(name: str) -> None:
    """Remove a container by name, running or not; nothing happens where there is none."""
    run(["docker", "rm", "--force", "--volumes", name])


def inspect_containers(ids: Sequence[str]) -> list[dict[str, Any]]:
    """`docker inspect` of containers, in the order of `ids`."""
    if not ids:
        return []
    documents: list[dict[str, Any]] = json.loads(docker("inspect", "--type", "container", *ids))
    return documents


def volume_mountpoint(name: str) -> str | None:
    """Where a named volume's data stands on the server; None where there is no such volume."""
    result = run(["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", name])
    return result.stdout.strip() if result.code == 0 else None


def addresses(container: Mapping[str, Any]) -> list[str]:
    """Addresses of a container that the server can reach; its own loopback with host networking."""
    if container["HostConfig"].get("NetworkMode") == "host":
        return ["127.0.0.1"]
    networks = container["NetworkSettings"]["Networks"] or {}
    return [net["IPAddress"] for net in networks.values() if net.get("IPAddress")]
