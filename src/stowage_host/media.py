# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where uploads are kept, and that the application may write there and nginx read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from . import engine, overlay
from .engine import say
from .errors import InputError
from .inspection import Inspection, main_of
from .ledger import Release
from .overlay import MediaPlace
from .site import Site


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


def media_of(site: Site, release: Release) -> MediaPlace | None:
    """Where the uploads of a release's application are kept."""
    return media_place(site, main_of(site.project, release.inspected()).media_root)


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
    return own(place, inspection.uid, inspection.gid)


def own(place: Path, uid: int, gid: int) -> bool:
    """Give a place that the user `uid` cannot write to it, whole, and readable by nginx."""
    status = place.stat()
    if uid != 0 and status.st_uid != uid and not (status.st_gid == gid and status.st_mode & 0o20):
        say(f"Giving {place} to the container's user ({uid}:{gid})")
        for folder, _, names in os.walk(place):
            _take_over(folder, uid, gid, 0o755)
            for name in names:
                _take_over(os.path.join(folder, name), uid, gid, 0o644)
        return True
    if status.st_mode & 0o005 != 0o005:
        place.chmod(stat.S_IMODE(status.st_mode) | 0o055)
        return True
    return False


def _take_over(path: str, uid: int, gid: int, least_mode: int) -> None:
    """Change owner and mode of one file or folder; of a symbolic link only the owner."""
    os.chown(path, uid, gid, follow_symlinks=False)
    status = os.lstat(path)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(path, stat.S_IMODE(status.st_mode) | least_mode)
