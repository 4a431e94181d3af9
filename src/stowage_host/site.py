# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that is known of a project while a command works on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .compose import Compose
from .project import Paths, Project, fragments


@dataclass(frozen=True)
class Site:
    """The project, its places, its Compose files and what the roles handed over."""

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

    def overlay_text(self) -> str:
        """The overlay as it is now; '' where there is none."""
        try:
            return self.paths.overlay.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
