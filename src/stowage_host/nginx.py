# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The site's nginx: its upstream, and check before every reload."""

from __future__ import annotations

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
    words = ["docker", "exec", container["Id"], "nginx", "-t", "-c", CONFIGURATION]
    result = engine.run(words)
    if result.code:
        raise InputError(
            "nginx_site", service, f"nginx refuses its configuration:\n{result.tail()}"
        )
    return {"changed": False, "running": True, "msg": f"{service}: the configuration is valid."}


def reload(compose: Compose, service: str, dry_run: bool) -> dict[str, Any]:
    """Check, then reload; the running configuration stays where the new one is refused."""
    answer = check(compose, service)
    container = _container(compose, service)
    if container is None or dry_run:
        return answer
    result = engine.run(
        ["docker", "exec", container["Id"], "nginx", "-c", CONFIGURATION, "-s", "reload"]
    )
    if result.code:
        raise EngineError(f"{service}: nginx did not reload: {result.tail()}")
    return {"changed": True, "running": True, "msg": f"{service}: reloaded."}
