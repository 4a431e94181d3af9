# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The site's nginx: its upstream, and check before every reload."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

from . import engine
from .compose import Compose
from .errors import EngineError, InputError
from .files import write_atomic
from .project import Paths

CONFIGURATION = "/etc/nginx/stowage/nginx.conf"


def write_upstream(paths: Paths, address: str) -> bool:
    """Name the application (`service:port`) for nginx; return whether it was another one."""
    return write_atomic(paths.nginx_run / "upstream.conf", f"set $stowage_upstream {address};\n")


def _container(compose: Compose, service: str) -> dict[str, Any] | None:
    return next(iter(compose.containers(service)), None)


def check(compose: Compose, service: str) -> dict[str, Any]:
    """Let the running nginx read its configuration; raises InputError with nginx's own words."""
    container = _container(compose, service)
    if container is None:
        return {
            "changed": False,
            "running": False,
            "msg": f"{service} is not running; nothing to check.",
        }
    _test(container, service)
    return {"changed": False, "running": True, "msg": f"{service}: the configuration is valid."}


def _test(container: dict[str, Any], service: str) -> None:
    words = ["docker", "exec", container["Id"], "nginx", "-t", "-c", CONFIGURATION]
    result = engine.run(words)
    if result.code:
        raise InputError(
            "nginx_site", service, f"nginx refuses its configuration:\n{result.tail()}"
        )


def _digest(paths: Paths) -> str:
    """One value for all configuration files, by name and content."""
    digest = hashlib.sha256()
    root = paths.etc / "nginx"
    for path in sorted(path for path in root.rglob("*.conf") if path.is_file()):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    with contextlib.suppress(FileNotFoundError):
        digest.update((paths.nginx_run / "upstream.conf").read_bytes())
    return digest.hexdigest()


def remember_loaded(paths: Paths) -> None:
    """Note that the running nginx has read the configuration as it is now."""
    write_atomic(paths.nginx_run / "loaded", _digest(paths) + "\n")


def load(compose: Compose, paths: Paths, service: str) -> bool:
    """Let the running nginx read its configuration if it changed since; return whether it did.

    Raises InputError with nginx's own words where it refuses; it then serves on with the former.
    """
    container = _container(compose, service)
    loaded = paths.nginx_run / "loaded"
    if container is None or (loaded.exists() and loaded.read_text().strip() == _digest(paths)):
        return False
    _test(container, service)
    words = ["docker", "exec", container["Id"], "nginx", "-c", CONFIGURATION, "-s", "reload"]
    result = engine.run(words)
    if result.code:
        raise EngineError(f"{service}: nginx did not reload: {result.tail()}")
    remember_loaded(paths)
    return True


def reload(compose: Compose, paths: Paths, service: str, dry_run: bool) -> dict[str, Any]:
    """Check, then reload, unless nginx has read this configuration already."""
    answer = check(compose, service)
    if not dry_run and load(compose, paths, service):
        answer.update(changed=True, msg=f"{service}: reloaded.")
    return answer
