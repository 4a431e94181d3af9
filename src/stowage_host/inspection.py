# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the project says of itself: `stowage_django.inspect` run in a container of its image.

The real entrypoint comes first, as it may export what the settings need (DATABASE_URL); one that
waits for something that is not there is bypassed after a limit. The answer is kept by image.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .compose import Compose, OneOff
from .engine import say
from .errors import ApplicationError, InputError
from .files import read_json, write_json
from .project import Paths, Project

MARKER = "STOWAGE-INSPECT:"
ENTRYPOINT_SECONDS = 60.0
"""How long an entrypoint may take before it is bypassed."""
BYPASS_SECONDS = 120.0
TRACEBACK_LINES = 8

FIND_PYTHON = """
for p in python python3 "${VIRTUAL_ENV:-/nonexistent}/bin/python" .venv/bin/python venv/bin/python \
  /app/.venv/bin/python /venv/bin/python /opt/venv/bin/python /env/bin/python; do
  if "$p" -c 'import django' >/dev/null 2>&1; then exec "$p" "$@"; fi
done
echo 'no Python that can import django was found in the image' >&2
exit 127
"""
"""A shell text that runs its arguments by the first interpreter that has Django."""

BOOT = (
    "import sys; sys.path.append('/opt/stowage/django'); import runpy; "
    "runpy.run_module('stowage_django.inspect', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Inspection:
    """The answer of `stowage_django.inspect`, as far as the server needs it.

    `way` is `settings` or `hook`; `entrypoint` says whether one-off containers run through the
    image's own entrypoint; `python` and `purelib` are absolute paths in the image; `compressor` is
    when django-compressor writes files, `offline`, `request` (at requests) or None.
    """

    python: str
    purelib: str
    django_version: str
    way: str
    way_reason: str
    uid: int
    gid: int
    media_root: str
    static_root: str
    packages: dict[str, str]
    notes: tuple[str, ...]
    entrypoint: bool
    compressor: str | None = None

    @classmethod
    def from_document(cls, document: dict[str, Any], entrypoint: bool) -> Inspection:
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in document.items() if key in known}
        values["media_root"] = str(document.get("media_root") or "")
        values["static_root"] = str(document.get("static_root") or "")
        values["notes"] = tuple(document.get("notes") or ())
        values["entrypoint"] = entrypoint
        return cls(**values)


def marked(output: str, marker: str) -> dict[str, Any] | None:
    """The JSON document of the last line that starts with `marker`; entrypoints print around it."""
    for line in reversed(output.splitlines()):
        if line.startswith(marker):
            document: dict[str, Any] = json.loads(line[len(marker) :])
            return document
    return None


def _cache_file(paths: Paths, project: Project, image: str, service: dict[str, Any]) -> Path:
    """One file for an image, what Compose gives it, and the version of the code that asks."""
    code = hashlib.sha256()
    for source in sorted(Path("/opt/stowage/django").rglob("*.py")):
        code.update(source.read_bytes())
    key = json.dumps(
        [
            image,
            project.settings_module,
            service.get("environment"),
            service.get("entrypoint"),
            code.hexdigest(),
        ],
        sort_keys=True,
    )
    return paths.inspections / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"


def inspect_images(
    compose: Compose, paths: Paths, images: Mapping[str, str], overlays: Sequence[Path]
) -> dict[str, Inspection]:
    """Ask each image of a project: builder -> image id in, builder -> inspection out."""
    return {
        service: _inspect(compose, paths, service, image, overlays)
        for service, image in images.items()
    }


def _inspect(
    compose: Compose, paths: Paths, service: str, image: str, overlays: Sequence[Path]
) -> Inspection:
    """Ask the image (by its id) that `overlays` give `service`.

    Raises InputError where the settings do not import, with the container's own words.
    """
    project = compose.project
    cache = _cache_file(paths, project, image, compose.service(service))
    if (kept := read_json(cache)) is not None:
        return Inspection.from_document(kept, kept["entrypoint"])
    say("Asking the project about itself")
    options = [
        "--env",
        f"STOWAGE_SETTINGS_MODULE={project.settings_module}",
        "--env",
        "DJANGO_SETTINGS_MODULE=stowage_django.settings",
    ]
    name = f"stowage-{project.name}-inspect"
    words = ["sh", "-c", FIND_PYTHON, "sh", "-c", BOOT]
    first = compose.one_off(
        name,
        words,
        overlays=overlays,
        options=options,
        timeout=ENTRYPOINT_SECONDS,
        service=service,
    )
    document, entrypoint = marked(first.result.stdout, MARKER), True
    if document is None or "error" in document:
        second = compose.one_off(
            name,
            words[1:],
            overlays=overlays,
            options=[*options, "--entrypoint", "sh"],
            timeout=BYPASS_SECONDS,
            service=service,
        )
        direct = marked(second.result.stdout, MARKER)
        if direct is not None and "error" not in direct:
            document, entrypoint = direct, False
        document = document or direct
        if document is None:
            raise _no_answer(service, first, second)
    if "error" in document:
        raise InputError(
            "django_project_settings_module",
            project.settings_module,
            f"does not import in the container: {document['error']}\n"
            + "\n".join(str(document.get("traceback", "")).splitlines()[-TRACEBACK_LINES:]),
        )
    write_json(cache, {**document, "entrypoint": entrypoint}, 0o600)
    return Inspection.from_document(document, entrypoint)


def _no_answer(service: str, first: OneOff, second: OneOff) -> ApplicationError:
    waited = f" (it was given {ENTRYPOINT_SECONDS:.0f} s)" if first.timed_out else ""
    return ApplicationError(
        f"the image of the service {service} gave no answer about its settings{waited}.\n"
        f"Through its entrypoint: {first.result.tail(4)}\nWithout it: {second.result.tail(6)}"
    )


def main_of(project: Project, inspections: Mapping[str, Inspection]) -> Inspection:
    """The inspection of the serving service's image; a former release may not have known it."""
    return inspections.get(project.service) or next(iter(inspections.values()))


def documents(inspections: Mapping[str, Inspection]) -> dict[str, dict[str, Any]]:
    """Inspections as they are kept in the ledger."""
    return {builder: asdict(inspection) for builder, inspection in inspections.items()}
