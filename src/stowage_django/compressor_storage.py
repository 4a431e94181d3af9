"""Storages that django-compressor (4.4 and newer) is given; `compressor` says which one when."""

# Neither Django nor compressor has type hints.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
import os
import uuid
from typing import Any

from compressor.conf import settings
from compressor.storage import CompressorFileStorage
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.utils._os import safe_join

from stowage_django.compressor import offline_manifest
from stowage_django.storage import ManifestMissing, missing_manifest


class CollectedFileStorage(CompressorFileStorage):
    """While a release is collected: into its tree. `saved` are the names that were written."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.saved: set[str] = set()

    def save(self, filename: str, content: Any) -> Any:
        self.saved.add(filename)
        return super().save(filename, content)


class GeneratedFileStorage(CompressorFileStorage):
    """At request time: sources are read where they are published, outputs go into `generated`.

    The names of outputs carry a hash of their content, so what is there once is right for all
    releases, and other processes may write it at the same time.
    """

    def __init__(self) -> None:
        generated, *self._sources = settings.STOWAGE_COMPRESSOR_PLACES
        # nginx, another user, reads what is written, whatever the application's umask.
        super().__init__(generated, file_permissions_mode=0o644, directory_permissions_mode=0o755)

    def path(self, name: str) -> str:
        """The file's path. An output counts only in `generated`, from where nothing deletes it:
        one that an older release has brought into the pool goes with that release."""
        written = str(super().path(name))
        output = settings.COMPRESS_OUTPUT_DIR.strip("/")
        if os.path.exists(written) or (output and name.startswith(f"{output}/")):
            return written
        for folder in self._sources:
            source = safe_join(folder, name)
            if os.path.isfile(source):
                return str(source)
        return written

    def save(self, filename: str, content: Any) -> str:
        """Write whole or not at all: a reader may come as soon as the name is there.

        Where the release's blocks were compressed when it was collected, its outputs are published
        already; only a `manage.py compress` at the container's start comes here then.
        """
        if settings.COMPRESS_OFFLINE:
            return filename
        folder, name = os.path.split(filename)
        temporary = super().save(os.path.join(folder, f".{name}.{uuid.uuid4().hex}"), content)
        os.replace(safe_join(self.location, temporary), safe_join(self.location, filename))
        return filename


class ReleaseOfflineManifestStorage(Storage):
    """compressor's offline manifest, whatever its name: a part of the release's own manifest."""

    def exists(self, name: str) -> bool:
        return True

    def _open(self, name: str, mode: str = "rb") -> Any:
        path = settings.STOWAGE_MANIFEST
        try:
            blocks = offline_manifest(path or "")
        except FileNotFoundError:
            raise ManifestMissing(missing_manifest(path)) from None
        if blocks is None:
            raise ManifestMissing(
                f"{path} holds no offline manifest of django-compressor: its release was collected "
                "before COMPRESS_OFFLINE was set, or before Stowage knew of it. Release again."
            )
        return ContentFile(json.dumps(blocks).encode())

    def save(self, name: str, content: Any, max_length: int | None = None) -> str:
        """Nothing: what a `manage.py compress` at the container's start found is known already."""
        return name
