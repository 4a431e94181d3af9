"""Storages whose manifest belongs to one release.

A manifest says how each static file is named, with the hash of its content. Django keeps it in
STATIC_ROOT, where the next collectstatic replaces it under running processes. Here each release has
its own, `<STOWAGE_MANIFEST_DIR>/<release id>.json`, outside of what is served; a process reads that
of the release it belongs to. `apply` puts its path into the setting STOWAGE_MANIFEST.
"""

# Django has no type hints.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, ManifestStaticFilesStorage
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.utils.module_loading import import_string

# What a project may have chosen on a manifest storage of its own, and would miss.
CHOICES = (
    "manifest_strict",
    "max_post_process_passes",
    "patterns",
    "support_js_module_import_aggregation",
)


class ManifestMissing(ImproperlyConfigured):
    """There is no manifest of this release; the message says where it was looked for."""


class ReleaseManifestStaticFilesStorage(ManifestStaticFilesStorage):
    """Django's manifest storage with a manifest per release.

    In the phase `run` it reads the manifest, in the phase `collect` it writes it beside the tree.
    `manifest_strict` and the other choices of Django's class are those of the project's own
    manifest storage where it has one, WHITENOISE_MANIFEST_STRICT included.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for name, value in project_choices().items():
            setattr(self, name, value)
        self._manifest_read = False
        self._manifest_path: str | None = settings.STOWAGE_MANIFEST
        if self._manifest_path is not None:
            folder, self.manifest_name = os.path.split(self._manifest_path)
            kwargs["manifest_storage"] = FileSystemStorage(location=folder)
        super().__init__(*args, **kwargs)

    def read_manifest(self) -> str | None:
        content: str | None = None if self._manifest_path is None else super().read_manifest()
        self._manifest_read = content is not None
        return content

    def stored_name(self, name: str) -> str:
        """The hashed name. A missing manifest is an error here, when it is needed, and not when
        the storage is made: `migrate` and `check` work before the first release."""
        if not self._manifest_read and settings.STOWAGE_PHASE == "run":
            self.hashed_files, self.manifest_hash = self.load_manifest()
            if not self._manifest_read:
                raise ManifestMissing(missing_manifest(self._manifest_path))
        stored: str = super().stored_name(name)
        return stored


def missing_manifest(path: str | None) -> str:
    """What to do about a manifest that is not there."""
    if path is None:
        return (
            "The static files' release is not known: neither STOWAGE_RELEASE_ID nor RELEASE_ID is "
            "set. Start the service with `stowage compose` or by its overlay, after a release."
        )
    return (
        f"The static files' manifest of this release, {path}, does not exist. Publish the release "
        "(the playbook release_site, or `stowage static publish` on the server), and see that "
        f"{os.path.dirname(path)} is mounted."
    )


def project_backend() -> Any:
    """The project's own static storage class, or None where it cannot be imported."""
    path = getattr(settings, "STOWAGE_PROJECT_STATICFILES_BACKEND", None)
    try:
        return import_string(path) if path else None
    except ImportError:
        return None


def project_choices() -> dict[str, Any]:
    """What the project's own class, where it keeps a manifest, says otherwise than Django's."""
    backend = project_backend()
    if backend is None or not issubclass(backend, ManifestFilesMixin):
        return {}
    choices = {
        name: getattr(backend, name)
        for name in CHOICES
        if getattr(backend, name) != getattr(ManifestStaticFilesStorage, name)
    }
    strict = getattr(settings, "WHITENOISE_MANIFEST_STRICT", None)
    if strict is not None and backend.__module__.startswith("whitenoise."):
        choices["manifest_strict"] = strict
    return choices


class ReadsReleaseManifest:
    """Mixed into the class that the project keeps: its manifest is the release's, if there is one.

    Without one it is read where that class reads it.
    """

    def read_manifest(self) -> str | None:
        path = settings.STOWAGE_MANIFEST
        try:
            with open(path, encoding="utf-8") as manifest:
                return manifest.read()
        except (FileNotFoundError, TypeError):
            content: str | None = super().read_manifest()  # type: ignore[misc]
            return content


def _project_storage() -> Any:
    backend = import_string(settings.STOWAGE_PROJECT_STATICFILES_BACKEND)
    if not issubclass(backend, ManifestFilesMixin):
        return backend
    attributes = {"__module__": __name__, "__doc__": ReadsReleaseManifest.__doc__}
    return type(backend.__name__, (ReadsReleaseManifest, backend), attributes)


def __getattr__(name: str) -> Any:
    """`ProjectStaticFilesStorage` is made when it is asked for: it needs the project's class."""
    if name == "ProjectStaticFilesStorage":
        return globals().setdefault(name, _project_storage())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
