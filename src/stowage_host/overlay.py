# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Compose overlay, a pure function of what the roles handed over and what the project is.

Nothing here runs a program or writes a file: `wiring` does.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import StowageError
from .inspection import Inspection
from .project import Paths, Project
from .yaml import Override, Reset, dump

DJANGO_DIRECTORY = "/opt/stowage/django"
"""Where the Django-side package stands, on the server and in the container alike."""
GENERATED_DIRECTORY = "/var/lib/stowage/static/generated"
"""Where the application may write static files, within the read-only mount of the others."""
MEDIA_DIRECTORY = "/var/lib/stowage/media"
"""Where media stand in a container whose project names no MEDIA_ROOT of its own."""
LABEL = "org.stowage.project"
"""On every container that runs with the wiring; one without it was started around the overlay."""


@dataclass(frozen=True)
class MediaPlace:
    """Where uploads are kept: a directory of the server, or a named volume.

    `source` is the directory, or the volume's key in the Compose project; `external` is the
    engine's name of a volume that the project does not declare; `adopted` says that the project
    mounts it by itself already, `subpath` where in the volume MEDIA_ROOT is.
    """

    kind: str
    source: str
    target: str
    adopted: bool = False
    external: str = ""
    subpath: str = ""

    def volume(self, target: str, read_only: bool) -> dict[str, Any]:
        """The mount in Compose's long form."""
        entry: dict[str, Any] = {"type": self.kind, "source": self.source, "target": target}
        if read_only:
            entry["read_only"] = True
        if self.kind == "bind":
            # A directory that went missing must be an error, not an empty one made by Docker.
            entry["bind"] = {"create_host_path": False}
        elif self.subpath:
            entry["volume"] = {"subpath": self.subpath}
        return entry


def image_groups(services: Iterable[str], config: Mapping[str, Any]) -> dict[str, str]:
    """Which service builds the image that each Django service runs: service -> builder.

    Services of the same build (or the same image name) share one; the first of them builds it.
    """
    groups: dict[str, str] = {}
    builders: dict[str, str] = {}
    for name in services:
        service = config["services"][name]
        key = json.dumps(service.get("build") or service.get("image"), sort_keys=True)
        groups[name] = builders.setdefault(key, name)
    return groups


def image_reference(project: Project, builder: str, tag: str) -> str:
    """`stowage/P:TAG`, with the service's name for the image of another build than the first."""
    suffix = "" if builder == project.service else f"-{builder}"
    return f"stowage/{project.name}:{tag}{suffix}"


def _django_service(
    project: Project, service: Mapping[str, Any], image: str, inspection: Inspection | None
) -> dict[str, Any]:
    """The part of the wiring that is the same for every release and every role."""
    wired: dict[str, Any] = {"image": image, "pull_policy": "never"}
    if service.get("build"):
        # Without this, a missing tag would be built from the working tree, silently.
        wired["build"] = Reset()
    wired["labels"] = {LABEL: project.name}
    wired["environment"] = {}
    wired["volumes"] = [bind(DJANGO_DIRECTORY, DJANGO_DIRECTORY)]
    if inspection:
        pth = f"{DJANGO_DIRECTORY}/stowage.pth"
        wired["volumes"].append(bind(pth, f"{inspection.purelib}/stowage.pth"))
        wired["environment"] = settings_environment(project, service, inspection.way)
    return wired


def names_settings(service: Mapping[str, Any]) -> bool:
    """Whether a service's own command line names the settings module, where no variable reaches."""
    words = json.dumps([service.get("command"), service.get("entrypoint")])
    return "--settings" in words or "DJANGO_SETTINGS_MODULE=" in words


def settings_environment(project: Project, service: Mapping[str, Any], way: str) -> dict[str, str]:
    """How a service's application finds its settings: by a module of ours, or by the hook."""
    environment = {"STOWAGE_SETTINGS_MODULE": project.settings_module}
    if way == "hook" or names_settings(service):
        environment["STOWAGE_HOOK"] = "1"
    else:
        environment["DJANGO_SETTINGS_MODULE"] = "stowage_django.settings"
    return environment


def writes_static(roles: Container[str], inspections: Mapping[str, Inspection]) -> bool:
    """Whether any image's application makes static files at requests, which are ours to serve."""
    return "static_files" in roles and any(
        inspection.compressor == "request" for inspection in inspections.values()
    )


def bind(source: str, target: str, read_only: bool = True) -> dict[str, Any]:
    """A bind mount, read-only unless said, which is an error where the source is missing."""
    entry: dict[str, Any] = {"type": "bind", "source": source, "target": target}
    if read_only:
        entry["read_only"] = True
    return {**entry, "bind": {"create_host_path": False}}


def _resolve_volumes(
    entries: Iterable[Mapping[str, Any]], media: MediaPlace | None, media_root: str
) -> list[dict[str, Any]]:
    """Replace the placeholders of type `media` and of MEDIA_ROOT; without media leave them out."""
    resolved: list[dict[str, Any]] = []
    for entry in entries:
        if entry.get("type") != "media":
            resolved.append(dict(entry))
        elif media is not None:
            target = media_root if entry["target"] == "@MEDIA_ROOT" else str(entry["target"])
            resolved.append(media.volume(target, bool(entry.get("read_only"))))
    return resolved


def merge(role: str, into: dict[str, Any], part: Mapping[str, Any]) -> None:
    """Merge a fragment: mappings by key, lists one after the other, equal values once.

    Raises StowageError naming `role` where two roles disagree about one value.
    """
    for key, value in part.items():
        if key not in into:
            into[key] = json.loads(json.dumps(value))
        elif isinstance(value, Mapping) and isinstance(into[key], dict):
            merge(role, into[key], value)
        elif isinstance(value, list) and isinstance(into[key], list):
            into[key] += [item for item in value if item not in into[key]]
        elif into[key] != value:
            raise StowageError(f"conf.d/{role}.json: {key}: two roles disagree about its value")


def _merged(fragments: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {"django_services": {}, "services": {}, "volumes": {}}
    for role, document in fragments.items():
        merge(role, merged, document.get("compose") or {})
    return merged


def host_ports(service: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Host ports that a service publishes, as (port, protocol)."""
    return {
        (str(port["published"]), str(port.get("protocol", "tcp")))
        for port in service.get("ports") or []
        if isinstance(port, Mapping) and port.get("published")
    }


def released_ports(service: Mapping[str, Any], taken: set[tuple[str, str]]) -> Override | None:
    """The service's ports without those that nginx takes over; None where it takes none."""
    ports = service.get("ports") or []
    keep = [
        port
        for port in ports
        if (str(port.get("published", "")), str(port.get("protocol", "tcp"))) not in taken
    ]
    return None if len(keep) == len(ports) else Override(keep)


def build(
    project: Project,
    paths: Paths,
    config: Mapping[str, Any],
    fragments: Mapping[str, Mapping[str, Any]],
    inspections: Mapping[str, Inspection],
    media: MediaPlace | None,
    tag: str = "current",
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The overlay as a document for `yaml.dump`.

    `inspections` are those of the images by the service that builds each; without them the overlay
    leaves the settings alone. `tag` is `current` for the overlay that runs the site, another one
    for one-off containers, which get `environment` as well.
    """
    merged = _merged(fragments)
    groups = image_groups(project.services, config)
    services: dict[str, Any] = {}
    common = merged["django_services"]
    volumes_of_all = common.pop("volumes", [])
    extra = merged["services"]
    taken = {port for service in extra.values() for port in host_ports(service)}
    for name in project.services:
        own, inspection = config["services"][name], inspections.get(groups[name])
        reference = image_reference(project, groups[name], tag)
        wired = _django_service(project, own, reference, inspection)
        merge("stowage", wired, common)
        wired["environment"].update(environment or {})
        target = (inspection.media_root if inspection else "") or MEDIA_DIRECTORY
        wired["volumes"] += _resolve_volumes(volumes_of_all, media, target)
        if writes_static(fragments, inspections):
            wired["volumes"].append(bind(str(paths.generated), GENERATED_DIRECTORY, False))
        wired.setdefault("env_file", []).append(str(paths.release_env))
        if (ports := released_ports(own, taken)) is not None:
            wired["ports"] = ports
        services[name] = wired
    for name, service in extra.items():
        service["volumes"] = _resolve_volumes(service.get("volumes") or [], media, "")
        service.setdefault("labels", {})[LABEL] = project.name
        networks = config["services"][project.service].get("networks")
        if networks and "network_mode" not in service:
            service.setdefault("networks", sorted(networks))
        services[name] = service
    document: dict[str, Any] = {"services": services}
    volumes = merged["volumes"]
    if media is not None and media.external:
        volumes[media.source] = {"external": True, "name": media.external}
    if volumes:
        document["volumes"] = volumes
    return document


def text(document: dict[str, Any], project: Project) -> str:
    """The overlay as the text of a Compose file."""
    return dump(
        document,
        f"Written by the command stowage for the project {project.name}; the roles of\n"
        f"stowage.django hand their parts over in conf.d/ beside it. Changes made here are lost.",
    )


def find_media(
    project: Project,
    config: Mapping[str, Any],
    media_root: str,
    directory: str,
    volume: str,
    own: str,
) -> MediaPlace:
    """Where uploads are kept.

    By `directory` or `volume` where the user names one, else what the project itself mounts at (or
    above) its MEDIA_ROOT, else `own`, the directory kept for it.
    """
    target = media_root or MEDIA_DIRECTORY
    if directory:
        return MediaPlace("bind", directory, target)
    declared: Mapping[str, Mapping[str, Any]] = config.get("volumes") or {}
    if volume:
        for key, entry in declared.items():
            if volume in (key, entry.get("name")):
                return MediaPlace("volume", key, target)
        return MediaPlace("volume", "stowage_media", target, external=volume)
    adopted = _mounted(config["services"][project.service].get("volumes") or [], target)
    return adopted or MediaPlace("bind", own, target)


def _mounted(volumes: Iterable[Mapping[str, Any]], target: str) -> MediaPlace | None:
    """The mount of the project that holds `target`: the one whose own target is the longest."""
    wanted = posixpath.normpath(target)
    found: tuple[str, Mapping[str, Any]] = ("", {})
    for entry in volumes:
        at = posixpath.normpath(entry["target"])
        holds = wanted == at or wanted.startswith(at.rstrip("/") + "/")
        if holds and entry.get("source") and len(at) > len(found[0]):
            found = (at, entry)
    at, entry = found
    if not at:
        return None
    below = posixpath.relpath(wanted, at) if wanted != at else ""
    if entry["type"] == "bind":
        return MediaPlace(
            "bind", posixpath.join(entry["source"], below).rstrip("/"), target, adopted=True
        )
    return MediaPlace("volume", entry["source"], target, adopted=True, subpath=below)
