# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Making a project known to the server: every check that needs no image, then one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import engine
from .compose import Compose
from .errors import InputError
from .files import read_json, write_json
from .project import Paths, Project, load, registered, same_directory


def register(paths: Paths, document: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    """Check the description of a project and keep it; nothing is written when anything is wrong.

    Raises EngineError for a Docker Compose that is missing or too old, InputError for the rest.
    """
    project = Project.from_document(document)
    version = engine.check_compose()
    _check_neighbours(project, paths)
    if dry_run and not Path(project.directory).exists():
        # A checkout or a copy that a real run makes first; what is in it can only be checked then.
        return {
            "changed": True,
            "msg": f"{project.directory} is not there yet, to be checked then.",
        }
    compose = Compose.of(project, paths.overlay)
    for name in project.services:
        compose.service(name)
    target = paths.conf_d / "django_project.json"
    changed = read_json(target) != document
    if changed and not dry_run:
        write_json(target, document)
    return {"changed": changed, "msg": f"{project.name} is in order (Compose {version})."}


def _check_neighbours(project: Project, paths: Paths) -> None:
    """One name for one directory: neither may belong to another project of this server."""
    for name in registered(paths.root):
        other = load(Paths(name, paths.root))
        same = same_directory(other.directory, project.directory)
        if name == project.name and not same:
            raise InputError(
                "django_project_name",
                name,
                f"belongs to the project in {other.directory}; "
                f"give {project.directory} a name of its own "
                "(or run remove_site first, if it has moved)",
            )
        if name != project.name and same:
            raise InputError(
                "django_project_dir",
                project.directory,
                f"is deployed as the project {name} already; "
                "keep that name, or run remove_site for it first",
            )
