"""What the environment asks for, read and checked.

The overlay sets `STOWAGE_*` variables for the Django services. One that is absent or empty means
"leave what the application says". A value that cannot be meant is a ValueError which names the
variable, the value and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

PHASES = ("run", "collect")
STATIC_STORAGES = ("default", "manifest", "release_manifest", "project")
STATIC_SERVERS = ("nginx", "whitenoise")
MEDIA_BACKENDS = ("local", "project")
DEFAULT_MANIFEST_DIR = "/var/lib/stowage/static/manifests"
DEFAULT_STATIC_POOL = "/var/lib/stowage/static/pool"
DEFAULT_STATIC_LIFETIME = 300
A_YEAR = 31536000

# A release id becomes a file name, a directory name and an image tag (at most 128 characters).
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_URL = re.compile(r"(https?://[^/\s]+)?/(\S*/)?")


@dataclass(frozen=True)
class Wanted:
    """The checked wishes; None: leave what the application says."""

    phase: str = "run"
    static_storage: str | None = None
    static_url: str | None = None
    static_root: str | None = None
    static_server: str | None = None
    static_pool: str = DEFAULT_STATIC_POOL
    static_lifetime: int = DEFAULT_STATIC_LIFETIME
    media_url: str | None = None
    media_root: str | None = None
    manifest_dir: str = DEFAULT_MANIFEST_DIR
    release_id: str | None = None
    media_backend: str | None = None
    upload_limit: int | None = None
    honour_legacy: bool = False
    compressor_offline: bool = False

    @property
    def places(self) -> dict[str, str]:
        """Roots and URLs that are to change, by the name of Django's setting."""
        places = {
            "STATIC_URL": self.static_url,
            "STATIC_ROOT": self.static_root,
            "MEDIA_URL": self.media_url,
            "MEDIA_ROOT": self.media_root,
        }
        return {name: value for name, value in places.items() if value is not None}

    @property
    def manifest(self) -> str | None:
        """The file that says how the release's static files are named, or None without a release.

        While collecting it is written beside the tree, outside of anything that is served.
        """
        if self.phase == "collect":
            root = (self.static_root or "").rstrip("/")
            return f"{root.rpartition('/')[0]}/manifest.json" if root else None
        if self.release_id is None:
            return None
        return f"{self.manifest_dir.rstrip('/')}/{self.release_id}.json"


def read(environment: Mapping[str, str]) -> Wanted:
    """Read and check the variables; ValueError names variable, value and remedy."""
    return Wanted(
        phase=_choice(environment, "STOWAGE_PHASE", PHASES) or "run",
        static_storage=_choice(environment, "STOWAGE_STATIC_STORAGE", STATIC_STORAGES),
        static_url=_url(environment, "STOWAGE_STATIC_URL", "/static/"),
        static_root=_absolute(environment, "STOWAGE_STATIC_ROOT"),
        static_server=_choice(environment, "STOWAGE_STATIC_SERVER", STATIC_SERVERS),
        static_pool=_absolute(environment, "STOWAGE_STATIC_POOL") or DEFAULT_STATIC_POOL,
        static_lifetime=_seconds(environment, "STOWAGE_STATIC_LIFETIME", DEFAULT_STATIC_LIFETIME),
        media_url=_url(environment, "STOWAGE_MEDIA_URL", "/media/"),
        media_root=_absolute(environment, "STOWAGE_MEDIA_ROOT"),
        manifest_dir=_absolute(environment, "STOWAGE_MANIFEST_DIR") or DEFAULT_MANIFEST_DIR,
        release_id=_release_id(environment),
        media_backend=_choice(environment, "STOWAGE_MEDIA_BACKEND", MEDIA_BACKENDS),
        upload_limit=_bytes(environment, "STOWAGE_UPLOAD_LIMIT"),
        honour_legacy=_choice(environment, "STOWAGE_HONOUR_LEGACY", ("0", "1")) == "1",
        compressor_offline=_choice(environment, "STOWAGE_COMPRESSOR_OFFLINE", ("0", "1")) == "1",
    )


def _refuse(name: str, value: str, remedy: str) -> ValueError:
    return ValueError(f"{name} is {value!r}: {remedy}")


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = environment.get(name) or None
    if value is not None and value not in choices:
        raise _refuse(name, value, f"set it to one of {', '.join(choices)}.")
    return value


def _url(environment: Mapping[str, str], name: str, example: str) -> str | None:
    value = environment.get(name) or None
    if value is not None and not _URL.fullmatch(value):
        raise _refuse(
            name,
            value,
            f"a URL must begin with a slash (or https://) and end with a slash, such as {example}.",
        )
    return value


def _absolute(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name) or None
    if value is not None and not value.startswith("/"):
        raise _refuse(name, value, "give the absolute path of a directory in the container.")
    return value


def _release_id(environment: Mapping[str, str]) -> str | None:
    name = "STOWAGE_RELEASE_ID"
    if not environment.get(name) and environment.get("STOWAGE_STATIC_STORAGE"):
        # The name that people know. A project may have it for a reason of its own (an error
        # tracker's release, say), so it counts only where static files are ours to name.
        name = "RELEASE_ID"
    value = environment.get(name) or None
    if value is not None and not _PLAIN_NAME.fullmatch(value):
        raise _refuse(
            name,
            value,
            "a release id is a plain name of at most 128 letters, digits, dots, dashes and "
            "underscores that begins with a letter, a digit or an underscore.",
        )
    return value


def _bytes(environment: Mapping[str, str], name: str) -> int | None:
    value = environment.get(name) or None
    if value is None:
        return None
    if not re.fullmatch(r"[0-9]+", value) or int(value) == 0:
        raise _refuse(name, value, "give a number of bytes greater than 0, such as 104857600.")
    return int(value)


def _seconds(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or None
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) > A_YEAR:
        raise _refuse(name, value, f"give a number of seconds from 0 to {A_YEAR} (a year).")
    return int(value)
