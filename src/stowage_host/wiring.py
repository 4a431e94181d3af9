# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Laying the overlay over the user's project, so that a plain `docker compose up -d` keeps it.

Where the project has the default file names and no override, a symbolic link beside them points to
the overlay; else its `.env` gets a block with COMPOSE_FILE; or neither, by choice.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import engine, nginx, overlay
from .compose import ENV_BEGIN, ENV_END, Compose, is_our_link, service_of, without_our_block
from .engine import say
from .errors import EngineError, HealthError, InputError
from .files import write_atomic
from .health import wait_for
from .inspection import Inspection
from .ledger import Ledger
from .overlay import MediaPlace
from .project import Paths, Project, fragments

LINK_NAME = "compose.override.yaml"
EXCLUDE_LINE = f"/{LINK_NAME}"


@dataclass(frozen=True)
class Site:
    """All that is known of a project while a command works on it."""

    project: Project
    paths: Paths
    compose: Compose
    fragments: dict[str, dict[str, Any]]

    @classmethod
    def of(cls, project: Project, paths: Paths) -> Site:
        """Read the project's state; raises InputError where its Compose files are not in order."""
        return cls(project, paths, Compose.of(project, paths.overlay), fragments(paths))

    def setting(self, role: str, key: str, default: Any) -> Any:
        """A value that a role handed over."""
        return self.fragments.get(role, {}).get(key, default)

    @property
    def nginx_service(self) -> str:
        """The Compose service of the site's nginx; '' where there is none."""
        return str(self.setting("nginx_site", "service", ""))


def media_place(site: Site, media_root: str) -> MediaPlace | None:
    """Where uploads are kept; None where no role asked for media.

    Raises InputError for a volume or directory that does not exist.
    """
    if "media_files" not in site.fragments:
        return None
    directory = str(site.setting("media_files", "directory", ""))
    volume = str(site.setting("media_files", "volume", ""))
    if directory and not Path(directory).is_dir():
        raise InputError("media_files_directory", directory, "no such directory on the server")
    if volume:
        _check_volume(site, volume)
    return overlay.find_media(
        site.project, site.compose.config(), media_root, directory, volume, str(site.paths.media)
    )


def _check_volume(site: Site, volume: str) -> None:
    """A volume of the project's files may still be made by Compose; any other one must be there."""
    declared = site.compose.config().get("volumes") or {}
    if volume in declared or volume in {entry.get("name") for entry in declared.values()}:
        return
    if engine.volume_mountpoint(volume) is None:
        known = (
            ", ".join(sorted(entry.get("name", key) for key, entry in declared.items())) or "none"
        )
        raise InputError(
            "media_files_volume",
            volume,
            f"no such volume on the server; the project declares: {known}",
        )


def prepare_media(site: Site, media: MediaPlace, inspection: Inspection) -> bool:
    """Let the container's user write the place and nginx read it; return whether it changed."""
    if media.kind == "bind":
        place = Path(media.source)
        if media.source == str(site.paths.media):
            place.mkdir(parents=True, exist_ok=True)
    else:
        declared = (site.compose.config().get("volumes") or {}).get(media.source) or {}
        mountpoint = engine.volume_mountpoint(media.external or declared.get("name", media.source))
        if mountpoint is None:
            return False  # Compose makes it, with the image's own owner
        place = Path(mountpoint) / media.subpath
    if not place.is_dir():
        return False
    return _own(place, inspection.uid, inspection.gid)


def _own(place: Path, uid: int, gid: int) -> bool:
    """Give a place that the user `uid` cannot write to it, whole; nginx must pass its folder."""
    changed = False
    status = place.stat()
    if uid != 0 and status.st_uid != uid and not (status.st_gid == gid and status.st_mode & 0o20):
        say(f"Giving {place} to the container's user ({uid}:{gid})")
        for folder, _, names in os.walk(place):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, uid, gid, follow_symlinks=False)
        changed = True
    if status.st_mode & 0o005 != 0o005:
        place.chmod(status.st_mode & 0o7777 | 0o055)
        changed = True
    return changed


def render(site: Site, inspection: Inspection, tag: str = "current") -> str:
    """The text of the overlay for an image with this `inspection`."""
    media = media_place(site, inspection.media_root)
    document = overlay.build(
        site.project, site.paths, site.compose.config(), site.fragments, inspection, media, tag
    )
    return overlay.text(document, site.project)


def link_kind(site: Site) -> str:
    """`symlink`, `env` or `none`: how a plain `docker compose` is to find the overlay.

    Raises InputError where a symbolic link is asked for beside an override of the project's own.
    """
    wanted = str(site.setting("compose_wiring", "link", "auto"))
    found_by = site.compose.files.found_by
    if wanted == "symlink" and found_by != "default":
        raise InputError(
            "compose_wiring_link",
            wanted,
            f"{site.project.directory} has an override or names its Compose files by itself; "
            "use auto or env",
        )
    if wanted == "auto":
        return "symlink" if found_by == "default" else "env"
    return wanted


def check(site: Site) -> None:
    """Everything that can be refused before an image is there; changes nothing."""
    for name in site.project.services:
        site.compose.service(name)
    names = set(site.compose.config().get("services") or {})
    if site.nginx_service in names:
        raise InputError(
            "django_project_nginx_service",
            site.nginx_service,
            "the project has a service of that name already; choose another",
        )
    link_kind(site)
    media_place(site, "")


def write_link(site: Site) -> bool:
    """Let a plain `docker compose` find the overlay; return whether anything changed."""
    kind = link_kind(site)
    changed = _symlink(site, kind == "symlink")
    return _env_block(site, kind == "env") or changed


def _symlink(site: Site, present: bool) -> bool:
    link = Path(site.project.directory) / LINK_NAME
    if is_our_link(link, site.paths.overlay) == present:
        return False
    if present:
        os.symlink(site.paths.overlay, link)
    else:
        link.unlink()
    _git_exclude(Path(site.project.directory), present)
    return True


def _git_exclude(directory: Path, present: bool) -> None:
    """Keep the link out of `git status` by the checkout's local exclude list."""
    exclude = directory / ".git" / "info" / "exclude"
    if not (directory / ".git").is_dir():
        return
    lines = exclude.read_text(encoding="utf-8").splitlines() if exclude.exists() else []
    kept = [line for line in lines if line != EXCLUDE_LINE]
    wanted = [*kept, EXCLUDE_LINE] if present else kept
    if wanted != lines:
        exclude.parent.mkdir(exist_ok=True)
        write_atomic(exclude, "".join(f"{line}\n" for line in wanted))


def _env_block(site: Site, present: bool) -> bool:
    """The block with COMPOSE_FILE at the end of the project's `.env`, its mode and owner kept."""
    path = Path(site.project.directory) / ".env"
    try:
        before, status = path.read_text(encoding="utf-8"), path.stat()
    except FileNotFoundError:
        before, status = "", None
    after = without_our_block(before)
    if present:
        names = os.pathsep.join(map(str, (*site.compose.files.paths, site.paths.overlay)))
        gap = "" if not after or after.endswith("\n") else "\n"
        after += f"{gap}{ENV_BEGIN}\nCOMPOSE_FILE={names}\n{ENV_END}\n"
    if after == before:
        return False
    if not after and not present:
        path.unlink()
        return True
    write_atomic(path, after, status.st_mode & 0o7777 if status else 0o644)
    if status:
        os.chown(path, status.st_uid, status.st_gid)
    return True


def bring_up(site: Site, inspection: Inspection, text: str) -> bool:
    """Write the overlay `text` and start what it describes; return whether anything changed.

    Raises EngineError with Compose's own words. Whether the site is healthy, the caller asks.
    """
    media = media_place(site, inspection.media_root)
    changed = write_atomic(site.paths.overlay, text)
    if media is not None:
        changed = prepare_media(site, media, inspection) or changed
    changed = write_link(site) or changed
    changed = _start(site) or changed
    if media is not None and media.kind == "volume":
        changed = prepare_media(site, media, inspection) or changed  # Compose may just have made it
    return changed


def _start(site: Site) -> bool:
    """`docker compose up -d` with the overlay; return whether a container was made or started."""
    nginx.write_upstream(site.paths, f"{site.project.service}:{site.project.port}")
    before = {c["Id"]: c["State"]["StartedAt"] for c in site.compose.containers()}
    result = site.compose.run("up", "--detach", overlays=[site.paths.overlay])
    if result.code:
        raise EngineError(f"docker compose up failed: {result.tail()}")
    return before != {c["Id"]: c["State"]["StartedAt"] for c in site.compose.containers()}


def _unhealthy(site: Site) -> list[str]:
    """A word about a site that is not healthy: no error, a release may be about to mend it."""
    try:
        wait_for(site.compose, site.nginx_service, 60)
    except HealthError as error:
        return [str(error)]
    return []


def apply(site: Site, dry_run: bool) -> dict[str, Any]:
    """Bring the running project in line with what the roles handed over.

    Before the first release there is no image to run, so this only checks; the release starts all.
    """
    check(site)
    serving = Ledger.load(site.paths).serving
    if serving is None:
        return {"changed": False, "msg": "In order; the first release will start the site."}
    inspection = serving.inspected()
    text = render(site, inspection)
    before = site.paths.overlay.read_text(encoding="utf-8") if site.paths.overlay.exists() else ""
    name = str(site.paths.overlay)
    diff = [{"before_header": name, "after_header": name, "before": before, "after": text}]
    if dry_run:
        return {
            "changed": before != text,
            "msg": "Would lay the overlay.",
            "diff": diff if before != text else [],
        }
    changed = bring_up(site, inspection, text)
    warnings = _unhealthy(site) if changed else []
    return {
        "changed": changed,
        "msg": f"The project runs with the overlay {name}.",
        "warnings": warnings,
        "diff": diff if before != text else [],
    }


def unwire(site: Site) -> None:
    """Take the overlay's ways in and the overlay itself away; containers are left as they are."""
    _symlink(site, False)
    _env_block(site, False)
    with contextlib.suppress(FileNotFoundError):
        site.paths.overlay.unlink()


def remove(site: Site, dry_run: bool) -> dict[str, Any]:
    """Take the wiring away and let the project run as it did before; data stay, and are named."""
    containers = site.compose.containers(everything=True)
    wired = [c for c in containers if overlay.LABEL in (c["Config"]["Labels"] or {})]
    present = site.paths.overlay.exists() or bool(wired)
    kept = _kept_data(site)
    if dry_run or not present:
        return {"changed": present, "msg": kept}
    unwire(site)
    declared = site.compose.config().get("services") or {}
    for container in wired:
        if service_of(container) not in declared:
            engine.remove_container(container["Id"])
    running = sorted({service_of(c) for c in wired} & set(declared))
    if running:
        result = site.compose.run("up", "--detach", "--no-deps", *running)
        if result.code:
            raise EngineError(
                f"the wiring is gone, but the project did not start without it: {result.tail()}"
            )
    return {"changed": True, "msg": kept}


def _kept_data(site: Site) -> str:
    """Where uploads and releases stay, in words."""
    serving = Ledger.load(site.paths).serving
    media = media_place(site, serving.inspected().media_root) if serving else None
    words = [f"Kept: {site.paths.var} (static files of all releases, the ledger)"]
    if media is None:
        return words[0] + "."
    if media.kind == "volume":
        words.append(f"uploads in the volume {media.external or media.source}")
    else:
        words.append(f"uploads in {media.source}")
        if not media.adopted and media.source == str(site.paths.media):
            words.append(
                f"which the project by itself does not mount; its MEDIA_ROOT is {media.target}"
            )
    return ", ".join(words) + "."
