"""django-compressor: where its outputs go, and its offline manifest as a part of the release.

It joins the files of a `{% compress %}` block into one, `CACHE/css/output.<hash>.css`, written into
COMPRESS_ROOT, which is STATIC_ROOT unless the project says otherwise, and that is read-only here.

- At request time, its default, outputs are written into `generated`, a place that the application
  may write, beside the pool.
- Offline (COMPRESS_OFFLINE) they are made when the release is collected (`compressor_offline`);
  the offline manifest, which says what stands in place of each block, is kept in the release's
  manifest under the key `compressor`.

Nothing of compressor is imported here: this is the part of `apply` that concerns it.
"""

from __future__ import annotations

import functools
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stowage_django.environment import Wanted

APP = "compressor"
OFFLINE, REQUEST, SWITCHED = "offline", "request", "switched"
"""Values of the setting STOWAGE_COMPRESSOR; `switched`: offline by our variable, not by itself."""
AT_COLLECTION = (OFFLINE, SWITCHED)
MANIFEST_KEY = "compressor"
ALIASES = {
    "COMPRESS_STORAGE_ALIAS": "stowage-compressor",
    "COMPRESS_OFFLINE_MANIFEST_STORAGE_ALIAS": "stowage-compressor-offline",
}
"""Names that no STORAGES declares: compressor 4.5 and newer then take the class that is named by
COMPRESS_STORAGE, as older ones always do."""
LOCAL_STORAGES = (
    "compressor.storage.",
    "django.contrib.staticfiles.storage.",
    "django.core.files.storage.",
    "stowage_django.",
    "whitenoise.storage.",
)


def mode(settings: Mapping[str, Any]) -> str | None:
    """`offline`, `request` or None: when the project by itself lets compressor write files."""
    if APP not in (settings.get("INSTALLED_APPS") or ()):
        return None
    if not _is_enabled(settings):
        return REQUEST if settings.get("COMPRESS_PRECOMPILERS") else None
    return OFFLINE if settings.get("COMPRESS_OFFLINE") else REQUEST


def _is_enabled(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("COMPRESS_ENABLED", not settings.get("DEBUG", False)))


@dataclass(frozen=True)
class OfflineIfCollected:
    """COMPRESS_OFFLINE of a project that was switched to offline: true where this release was
    collected so. A rollback may lead to a release from before the switch, or from after it."""

    manifest: str | None

    def __bool__(self) -> bool:
        try:
            return offline_manifest(self.manifest or "") is not None
        except FileNotFoundError:
            return False


@functools.lru_cache(maxsize=4)
def offline_manifest(path: str) -> dict[str, str] | None:
    """What compressor made of each block when the release of this manifest was collected.

    None where it was not collected so; FileNotFoundError where there is no manifest (yet).
    """
    with open(path, encoding="utf-8") as manifest:
        found: dict[str, str] | None = json.load(manifest).get(MANIFEST_KEY)
    return found


def change(settings: Mapping[str, Any], wanted: Wanted) -> tuple[dict[str, Any], list[str]]:
    """(settings to set, sentences for the administrator), in the sense of `apply`."""
    kind = settings.get("STOWAGE_COMPRESSOR") or mode(settings)
    if kind is None or wanted.static_storage is None or wanted.static_root is None:
        return {}, []
    static = _static_backend(settings)
    own = _own_storage(settings)
    keeps_static = wanted.static_storage == "project"
    if own and not own.startswith(LOCAL_STORAGES) and (keeps_static or own != static):
        return {}, [
            f"COMPRESS_STORAGE is the project's own {own}, which stays: what django-compressor "
            "makes goes where that storage writes, and is no part of a release."
        ]
    if kind == REQUEST and wanted.compressor_offline and _is_enabled(settings):
        kind = SWITCHED
    values: dict[str, Any] = {"STOWAGE_COMPRESSOR": kind}
    if "COMPRESS_URL" in settings and wanted.static_url is not None:
        values["COMPRESS_URL"] = wanted.static_url  # {% static %} names the files in the blocks.
    hashed = "Manifest" in static if keeps_static else wanted.static_storage != "default"
    if settings.get("COMPRESS_CSS_HASHING_METHOD", "mtime") == "mtime":
        # A suffix of the time of collecting would give the same files another name each time.
        values["COMPRESS_CSS_HASHING_METHOD"] = None if hashed else "content"
    if wanted.phase == "run":
        values.update(_at_run_time(kind, wanted, wanted.static_root, hashed))
    elif kind != REQUEST:
        values.update(_while_collecting(wanted.static_root))
    ours = values.get("COMPRESS_STORAGE", own)
    if own in ("", ours, "compressor.storage.CompressorFileStorage"):
        return values, []
    return values, [f"COMPRESS_STORAGE is {ours} in place of the project's own {own}."]


def _at_run_time(kind: str, wanted: Wanted, static_root: str, hashed: bool) -> dict[str, Any]:
    base = posixpath.dirname(static_root.rstrip("/"))
    pool, tree = f"{base}/pool", static_root
    if wanted.release_id is not None:
        tree = f"{base}/releases/{wanted.release_id}"
    values: dict[str, Any] = {
        # Read by filters; our storage knows more places, and writes elsewhere.
        "COMPRESS_ROOT": pool if hashed else tree,
        "COMPRESS_STORAGE": "stowage_django.compressor_storage.GeneratedFileStorage",
        "COMPRESS_OFFLINE_MANIFEST_STORAGE": (
            "stowage_django.compressor_storage.ReleaseOfflineManifestStorage"
        ),
        "STOWAGE_COMPRESSOR_PLACES": (f"{base}/generated", pool, tree),
        **ALIASES,
    }
    if kind == SWITCHED:
        values["COMPRESS_OFFLINE"] = OfflineIfCollected(wanted.manifest)
    return values


def _while_collecting(tree: str) -> dict[str, Any]:
    return {
        "COMPRESS_OFFLINE": True,
        "COMPRESS_ROOT": tree,
        "COMPRESS_STORAGE": "stowage_django.compressor_storage.CollectedFileStorage",
        **ALIASES,
    }


def _own_storage(settings: Mapping[str, Any]) -> str:
    """The class that the project names for compressor's outputs, or ''."""
    alias = settings.get("COMPRESS_STORAGE_ALIAS", "compressor")
    declared = (settings.get("STORAGES") or {}).get(alias) or {}
    return str(declared.get("BACKEND") or settings.get("COMPRESS_STORAGE") or "")


def _static_backend(settings: Mapping[str, Any]) -> str:
    """The project's own class for static files, or ''."""
    declared = (settings.get("STORAGES") or {}).get("staticfiles") or {}
    return str(
        settings.get("STOWAGE_PROJECT_STATICFILES_BACKEND")
        or declared.get("BACKEND")
        or settings.get("STATICFILES_STORAGE")
        or ""
    )
