# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a plain `docker compose` finds the overlay.

Where the project has the default file names and no override, a symbolic link beside them points to
the overlay; else its `.env` gets a block with COMPOSE_FILE; or neither, by choice.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .compose import ENV_BEGIN, ENV_END, is_our_link, without_our_block
from .errors import InputError
from .files import write_atomic
from .site import Site

LINK_NAME = "compose.override.yaml"
EXCLUDE_LINE = f"/{LINK_NAME}"


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
        # They are no part of the overlay: a plain `docker compose` needs them in .env.
        named = site.project.compose_project_name or site.project.compose_profiles
        return "symlink" if found_by == "default" and not named else "env"
    return wanted


def actual_kind(site: Site) -> str:
    """`symlink`, `env` or `none`: how a plain `docker compose` finds the overlay right now."""
    directory = Path(site.project.directory)
    if is_our_link(directory / LINK_NAME, site.paths.overlay):
        return "symlink"
    with contextlib.suppress(FileNotFoundError):
        if ENV_BEGIN in (directory / ".env").read_text(encoding="utf-8"):
            return "env"
    return "none"


def write_link(site: Site) -> bool:
    """Let a plain `docker compose` find the overlay; return whether anything changed."""
    kind = link_kind(site)
    changed = _symlink(site, kind == "symlink")
    return _env_block(site, kind == "env") or changed


def remove_link(site: Site) -> None:
    """Take both ways to the overlay away."""
    _symlink(site, False)
    _env_block(site, False)


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
    """The block at the end of the project's `.env` for Compose; its mode and owner are kept."""
    path = Path(site.project.directory) / ".env"
    try:
        before, status = path.read_text(encoding="utf-8"), path.stat()
    except FileNotFoundError:
        before, status = "", None
    after = without_our_block(before)
    if present:
        names = os.pathsep.join(map(str, (*site.compose.files.paths, site.paths.overlay)))
        values = {
            "COMPOSE_FILE": names,
            "COMPOSE_PROJECT_NAME": site.project.compose_project_name,
            "COMPOSE_PROFILES": ",".join(site.project.compose_profiles),
        }
        lines = "".join(f"{name}={value}\n" for name, value in values.items() if value)
        gap = "" if not after or after.endswith("\n") else "\n"
        after += f"{gap}{ENV_BEGIN}\n{lines}{ENV_END}\n"
    if after == before:
        return False
    if not after and not present:
        path.unlink()
        return True
    write_atomic(path, after, status.st_mode & 0o7777 if status else 0o644)
    if status:
        os.chown(path, status.st_uid, status.st_gid)
    return True
