# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The user's Compose project: its files as Compose itself would find them, and commands on it.

Compose's rules that matter here: naming any `-f` skips both the default override and COMPOSE_FILE
of `.env`; relative paths in every file resolve from the folder of the first one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import engine
from .engine import Result
from .errors import EngineError, InputError
from .project import Project

BASE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
OVERRIDE_NAMES = (
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
)
ENV_BEGIN = "# stowage: begin (written by stowage wiring apply)"
ENV_END = "# stowage: end"
_ENV_BLOCK = re.compile(
    rf"^{re.escape(ENV_BEGIN)}\n.*?^{re.escape(ENV_END)}\n", re.MULTILINE | re.DOTALL
)


def without_our_block(env_text: str) -> str:
    """The text of a `.env` as its owner wrote it."""
    return _ENV_BLOCK.sub("", env_text)


def _own_compose_file(directory: Path) -> list[str]:
    """Files that the project's own `.env` names in COMPOSE_FILE, in order."""
    try:
        text = without_our_block((directory / ".env").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    names: list[str] = []
    for match in re.finditer(r"^\s*(?:export\s+)?COMPOSE_FILE\s*=\s*(.*?)\s*$", text, re.MULTILINE):
        names = [name for name in match.group(1).strip("'\"").split(os.pathsep) if name]
    return names


@dataclass(frozen=True)
class BaseFiles:
    """The project's own Compose files, absolute and in order, and how they were found.

    `found_by` is `default` (Compose's names, no override), `override` (default names and an
    override of the project's own), `env` (its COMPOSE_FILE) or `named`
    (django_project_compose_files).
    """

    paths: tuple[Path, ...]
    found_by: str


def base_files(project: Project, overlay: Path) -> BaseFiles:
    """Find the Compose files as a plain `docker compose` in the project's directory would.

    Raises InputError where the directory or a file does not exist.
    """
    directory = Path(project.directory)
    if not directory.is_dir():
        raise InputError("django_project_dir", project.directory, "no such directory on the server")
    names, found_by, variable = list(project.compose_files), "named", "django_project_compose_files"
    if not names:
        names, found_by = _own_compose_file(directory), "env"
        variable = f"COMPOSE_FILE in {directory}/.env"
    if not names:
        return _default_files(directory, overlay)
    paths = tuple(directory / name for name in names)
    for path in paths:
        if not path.is_file():
            raise InputError(variable, path.name, f"no such file in {directory}")
    return BaseFiles(paths, found_by)


def _default_files(directory: Path, overlay: Path) -> BaseFiles:
    base = next((directory / name for name in BASE_NAMES if (directory / name).is_file()), None)
    if base is None:
        raise InputError(
            "django_project_dir",
            str(directory),
            f"has none of {', '.join(BASE_NAMES)}; "
            "name its Compose files in django_project_compose_files",
        )
    for name in OVERRIDE_NAMES:
        override = directory / name
        if override.exists() and not is_our_link(override, overlay):
            return BaseFiles((base, override), "override")
    return BaseFiles((base,), "default")


def is_our_link(path: Path, overlay: Path) -> bool:
    """Whether `path` is the symbolic link that lays the overlay over the project."""
    return path.is_symlink() and os.readlink(path) == str(overlay)


@dataclass(frozen=True)
class OneOff:
    """What a one-off container answered."""

    result: Result
    timed_out: bool


@dataclass
class Compose:
    """Docker Compose on the user's files, with or without the overlay."""

    project: Project
    overlay: Path
    files: BaseFiles
    _config: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, project: Project, overlay: Path) -> Compose:
        """Compose for `project`; raises InputError where its files are not there."""
        return cls(project, overlay, base_files(project, overlay))

    def arguments(self, *overlays: Path) -> list[str]:
        """`docker compose` with the project's name, profiles and files, then `overlays`."""
        words = ["docker", "compose"]
        if self.project.compose_project_name:
            words += ["--project-name", self.project.compose_project_name]
        for profile in self.project.compose_profiles:
            words += ["--profile", profile]
        for path in (*self.files.paths, *overlays):
            words += ["--file", str(path)]
        return words

    def run(
        self, *words: str, overlays: Sequence[Path] = (), timeout: float | None = None
    ) -> Result:
        """Run a Compose command in the project's directory."""
        return engine.run(
            [*self.arguments(*overlays), *words], cwd=self.project.directory, timeout=timeout
        )

    def check(self, *words: str, overlays: Sequence[Path] = ()) -> str:
        """Like `run`, giving standard output; raises EngineError with Compose's last lines."""
        result = self.run(*words, overlays=overlays)
        if result.code:
            raise EngineError(f"docker compose {words[0]} failed: {result.tail()}")
        return result.stdout

    def config(self) -> dict[str, Any]:
        """The project as Compose resolves it, without the overlay. Holds secrets: never shown."""
        if not self._config:
            result = self.run("config", "--format", "json")
            if result.code:
                names = ", ".join(str(path) for path in self.files.paths)
                said = result.stderr.strip().splitlines()[-5:]  # its standard output has secrets
                raise InputError(
                    "django_project_dir",
                    self.project.directory,
                    f"docker compose cannot read {names}: " + "\n".join(said),
                )
            self._config = json.loads(result.stdout)
        return self._config

    def service(self, name: str) -> dict[str, Any]:
        """A service of the project; raises InputError where Compose knows none of that name."""
        services: dict[str, dict[str, Any]] = self.config().get("services") or {}
        if name not in services:
            raise InputError(
                "django_project_services",
                name,
                f"Compose knows no such service; there are {', '.join(sorted(services))} "
                "(services of a profile need it in django_project_compose_profiles)",
            )
        return services[name]

    @property
    def name(self) -> str:
        """Compose's own name of the project."""
        return str(self.config()["name"])

    def containers(self, *services: str, everything: bool = False) -> list[dict[str, Any]]:
        """`docker inspect` of the project's containers (running ones, or `everything`)."""
        filters = [
            f"label=com.docker.compose.project={self.name}",
            "label=com.docker.compose.oneoff=False",
        ]
        words = ["ps", "--quiet", "--no-trunc", *(["--all"] if everything else [])]
        for text in filters:
            words += ["--filter", text]
        found = engine.inspect_containers(engine.docker(*words).split())
        return [c for c in found if not services or service_of(c) in services]

    def dependencies(self) -> list[str]:
        """Services that the Django services need and that run no Django code, transitively."""
        services: dict[str, dict[str, Any]] = self.config().get("services") or {}
        found: list[str] = []
        queue = list(self.project.services)
        while queue:
            for name in services.get(queue.pop(0), {}).get("depends_on") or {}:
                if name not in found and name not in self.project.services:
                    found.append(name)
                    queue.append(name)
        return found

    def one_off(
        self,
        name: str,
        words: Sequence[str],
        *,
        overlays: Sequence[Path],
        options: Sequence[str] = (),
        timeout: float | None = None,
        service: str = "",
    ) -> OneOff:
        """Run `words` in a container of a service (the serving one) that is gone afterwards.

        A container of the same `name` that a killed run left behind is removed first; one that
        outlives `timeout` (seconds) is removed, as killing the client leaves it running.
        """
        engine.remove_container(name)
        result = self.run(
            "run",
            "--rm",
            "--no-deps",
            "--no-TTY",
            "--name",
            name,
            *options,
            service or self.project.service,
            *words,
            overlays=overlays,
            timeout=timeout,
        )
        timed_out = result.code == 124
        if timed_out:
            engine.remove_container(name)
        return OneOff(result, timed_out)


def service_of(container: dict[str, Any]) -> str:
    """The Compose service that a container belongs to."""
    return str((container["Config"]["Labels"] or {}).get("com.docker.compose.service", ""))
