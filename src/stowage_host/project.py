# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A project as the roles described it, and where its files stand on the server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import InputError, StowageError
from .files import read_json

ROOT = Path("/")


@dataclass(frozen=True)
class Paths:
    """The places of project `name` below `root` (`/`, another one in tests)."""

    name: str
    root: Path = ROOT

    @property
    def etc(self) -> Path:
        return self.root / "etc/stowage" / self.name

    @property
    def conf_d(self) -> Path:
        return self.etc / "conf.d"

    @property
    def overlay(self) -> Path:
        return self.etc / "compose.yaml"

    @property
    def var(self) -> Path:
        return self.root / "var/lib/stowage" / self.name

    @property
    def static(self) -> Path:
        return self.var / "static"

    @property
    def pool(self) -> Path:
        return self.static / "pool"

    @property
    def plain(self) -> Path:
        """Files that stand under plain names and are none of the pool's, by their MD5."""
        return self.static / "plain"

    @property
    def releases(self) -> Path:
        return self.static / "releases"

    @property
    def manifests(self) -> Path:
        return self.static / "manifests"

    @property
    def current(self) -> Path:
        return self.static / "current"

    @property
    def ledger(self) -> Path:
        return self.static / "ledger.json"

    @property
    def intent(self) -> Path:
        """Names the release that a switch left behind half done; gone when none did."""
        return self.static / "switch.json"

    @property
    def staging(self) -> Path:
        """On the pool's file system, so that publishing is a rename."""
        return self.static / "staging"

    @property
    def collected(self) -> Path:
        """What the collector remembers of its last work; only containers read it."""
        return self.static / "collected.json"

    @property
    def generated(self) -> Path:
        """What the application itself writes below STATIC_URL while it runs."""
        return self.static / "generated"

    @property
    def media(self) -> Path:
        return self.var / "media"

    @property
    def nginx_run(self) -> Path:
        return self.var / "nginx"

    @property
    def release_env(self) -> Path:
        return self.var / "release.env"

    @property
    def inspections(self) -> Path:
        return self.var / "inspections"

    @property
    def scratch(self) -> Path:
        """Compose files of one run: of a build, of a one-off container."""
        return self.var / "scratch"

    @property
    def written(self) -> tuple[Path, ...]:
        """Folders whose files the command writes by rename."""
        kept = (self.var, self.static, self.manifests, self.nginx_run, self.inspections)
        return (self.etc, *kept, self.scratch)

    @property
    def lock(self) -> Path:
        return self.var / "lock"


@dataclass(frozen=True)
class Project:
    """The inputs `django_project_*` that the command works with.

    `upload_limit` is in bytes; `directory` is absolute; `compose_files` are relative to
    `directory` or absolute, empty where Compose finds its files by their default names.
    """

    name: str
    directory: str
    services: tuple[str, ...]
    settings_module: str
    compose_files: tuple[str, ...] = ()
    compose_profiles: tuple[str, ...] = ()
    compose_project_name: str = ""
    port: int = 8000
    hostnames: tuple[str, ...] = ()
    health_path: str = "/"
    release_commands: tuple[str, ...] = ()
    static_url: str = "/static/"
    media_url: str = "/media/"
    static_server: str = "nginx"
    media_backend: str = "local"
    upload_limit: int = 26214400

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Project:
        """Build from `conf.d/django_project.json`; raises StowageError for a missing key."""
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in document.items()
            if key in known
        }
        try:
            return cls(**values)
        except TypeError as error:
            raise StowageError(f"the description of the project is not complete: {error}") from None

    @property
    def service(self) -> str:
        """The Compose service that serves requests."""
        return self.services[0]

    @property
    def host(self) -> str:
        """The Host header of requests that the command makes itself."""
        return self.hostnames[0] if self.hostnames else "localhost"


def registered(root: Path = ROOT) -> list[str]:
    """Names of the projects on this server, sorted."""
    return sorted(
        path.parent.parent.name
        for path in (root / "etc/stowage").glob("*/conf.d/django_project.json")
    )


def choose(name: str, root: Path = ROOT) -> str:
    """The project that `-p` names, or the only one there is."""
    names = registered(root)
    if name:
        if name not in names:
            known = ", ".join(names) or "none"
            raise InputError("--project", name, f"no such project on this server (known: {known})")
        return name
    if len(names) != 1:
        known = ", ".join(names) or "none is registered yet; run the playbook deploy_site"
        raise StowageError(f"name the project with -p: {known}")
    return names[0]


def load(paths: Paths) -> Project:
    """The registered project; raises StowageError where there is none."""
    document = read_json(paths.conf_d / "django_project.json")
    if document is None:
        raise StowageError(f"{paths.conf_d}/django_project.json is missing: run deploy_site")
    return Project.from_document(document)


def fragments(paths: Paths) -> dict[str, dict[str, Any]]:
    """What each role handed over: role name -> document, in the order of their names."""
    return {
        path.stem: read_json(path)
        for path in sorted(paths.conf_d.glob("*.json"))
        if path.stem != "django_project"
    }


def same_directory(one: str, other: str) -> bool:
    """Whether two paths name one directory, symbolic links resolved."""
    return os.path.realpath(one) == os.path.realpath(other)
