"""The change of a project's settings as a pure function: nothing is imported, read or written.

`apply(settings, environment, django_version)` takes the project's own upper-case settings and the
environment and says which values are to be set and which names are to go. The two ways of getting
the result into Django (`settings`, `hook`) and the reports (`inspect`) call this one function.

It may be applied to its own result: that changes nothing more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stowage_django import compressor
from stowage_django import environment as env

FILE_SYSTEM = "django.core.files.storage.FileSystemStorage"
PLAIN_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
MANIFEST_STATIC = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
RELEASE_STATIC = "stowage_django.storage.ReleaseManifestStaticFilesStorage"
PROJECT_STATIC = "stowage_django.storage.ProjectStaticFilesStorage"
STATIC_BACKENDS = {
    "default": PLAIN_STATIC,
    "manifest": MANIFEST_STATIC,
    "release_manifest": RELEASE_STATIC,
}
SAME_BACKEND = {"django.core.files.storage.filesystem.FileSystemStorage": FILE_SYSTEM}
DJANGO_STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": FILE_SYSTEM},
    "staticfiles": {"BACKEND": PLAIN_STATIC},
}
LEGACY_NAMES = {"default": "DEFAULT_FILE_STORAGE", "staticfiles": "STATICFILES_STORAGE"}
OUR_APP = "stowage_django"
SECURITY_MIDDLEWARE = "django.middleware.security.SecurityMiddleware"
WHITENOISE_MIDDLEWARE = "whitenoise.middleware.WhiteNoiseMiddleware"
POOL_MIDDLEWARE = "stowage_django.middleware.pool_middleware"

Storages = dict[str, dict[str, Any]]


@dataclass
class Changes:
    """What is to be done to the settings.

    `values`: setting name -> new value. `removed`: names that must not reach Django any more.
    `notes`: whole sentences for the administrator.
    """

    values: dict[str, Any] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def apply(
    settings: Mapping[str, Any], environment: Mapping[str, str], django_version: tuple[int, ...]
) -> Changes:
    """Say what changes.

    `settings` are those that the project sets itself (no defaults of Django), `django_version`
    is `django.VERSION` or its first two numbers. ValueError for a variable that cannot be meant.
    """
    if tuple(django_version[:2]) < (4, 2):
        version = ".".join(str(part) for part in django_version[:2])
        raise ValueError(f"Django {version} is too old for Stowage: it needs 4.2 or newer.")
    wanted = env.read(environment)
    changes = Changes()
    _compressor(settings, wanted, changes)
    _places(settings, wanted, changes)
    _storages(settings, wanted, tuple(django_version[:2]), changes)
    _release(settings, wanted, changes)
    _static_server(settings, wanted, changes)
    _uploads(settings, wanted, changes)
    if changes.notes:
        earlier = settings.get("STOWAGE_NOTES", ())
        changes.values["STOWAGE_NOTES"] = tuple(dict.fromkeys((*earlier, *changes.notes)))
    return changes


def _places(settings: Mapping[str, Any], wanted: env.Wanted, changes: Changes) -> None:
    """Set roots and URLs, and report what the project made of the old ones at import."""
    for name, value in wanted.places.items():
        old = settings.get(name)
        changes.values[name] = like(old, value)
        old_text = _text(old)
        if len(old_text) < 2 or _same_place(old_text, value):
            continue
        for label, derived in _texts(settings):
            if label in wanted.places or label in changes.values:
                continue
            if _begins_with(derived, old_text):
                changes.notes.append(
                    f"{label} is {derived!r}, which the project made of {name} = {old_text!r} "
                    f"when its settings were imported; {name} is now {value!r}, this value stays."
                )


def like(old: Any, new: str) -> Any:
    """`new` in the type and the spelling of `old`: a path stays a path, a last slash stays."""
    if isinstance(old, os.PathLike):
        return type(old)(new)  # type: ignore[call-arg]  # Path and django-environ's Path
    if isinstance(old, str) and old.endswith("/"):
        return new.rstrip("/") + "/"
    return new


def _text(value: Any) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    return value if isinstance(value, str) else ""


def _same_place(old: str, new: str) -> bool:
    """Django reads the STATIC_URL "static/" as "/static/"; a root is the same without a slash."""
    return old.strip("/") == new.strip("/")


def _begins_with(text: str, start: str) -> bool:
    return text == start or text.startswith(start.rstrip("/") + "/")


def _texts(
    values: Mapping[Any, Any], prefix: str = "", depth: int = 3
) -> Iterator[tuple[str, str]]:
    """(name, text) of the strings and paths in the settings, also in dicts and lists of them."""
    for key, value in values.items():
        if not prefix and (str(key).startswith("STOWAGE_") or key in ("STORAGES", "RELEASE_ID")):
            continue
        label = f"{prefix}[{key!r}]" if prefix else str(key)
        if isinstance(value, (str, os.PathLike)):
            yield label, _text(value)
        elif depth and isinstance(value, Mapping):
            yield from _texts(value, label, depth - 1)
        elif depth and isinstance(value, (list, tuple)):
            yield from _texts(dict(enumerate(value)), label, depth - 1)


def _storages(
    settings: Mapping[str, Any], wanted: env.Wanted, version: tuple[int, ...], changes: Changes
) -> None:
    """Write STORAGES where a storage changes, in the vocabulary that this Django understands."""
    declared = settings.get("STORAGES")
    before: Storages = {a: dict(s) for a, s in (declared or DJANGO_STORAGES).items()}
    legacy = {a: settings[n] for a, n in LEGACY_NAMES.items() if settings.get(n)}
    if declared is not None and legacy and version < (5, 1):
        return  # Django refuses the two vocabularies side by side, and says so itself.
    if version < (5, 1):
        before.update({alias: {"BACKEND": backend} for alias, backend in legacy.items()})
    after: Storages = {alias: dict(spec) for alias, spec in before.items()}
    _fill_in(after, changes)
    if version >= (5, 1):
        _honour(after, legacy, wanted, version, changes)
    _static_storage(after, settings, wanted, changes)
    _media_storage(after, wanted, changes)
    if after == before:
        return
    changes.values["STORAGES"] = after
    if version < (5, 1):
        changes.removed.update(name for name in LEGACY_NAMES.values() if name in settings)
    else:
        for alias in legacy:  # Code of the project may read the old name: let it say the truth.
            if after[alias] != before.get(alias):
                changes.values[LEGACY_NAMES[alias]] = after[alias].get("BACKEND")


def _fill_in(storages: Storages, changes: Changes) -> None:
    """Django merges nothing: a STORAGES without an alias has no such storage."""
    for alias, spec in DJANGO_STORAGES.items():
        if alias not in storages:
            storages[alias] = dict(spec)
            changes.notes.append(
                f"STORAGES has no {alias!r}, without which Django has no such storage; "
                f"it is now {spec['BACKEND']}."
            )


def _honour(
    storages: Storages,
    legacy: Mapping[str, Any],
    wanted: env.Wanted,
    version: tuple[int, ...],
    changes: Changes,
) -> None:
    """From Django 5.1 the old names are ignored without a word: have the word, or the effect."""
    for alias, backend in legacy.items():
        if storages[alias].get("BACKEND") == backend:
            continue
        note = (
            f"{LEGACY_NAMES[alias]} = {backend!r} has no effect: Django "
            f"{version[0]}.{version[1]} reads STORAGES only."
        )
        if wanted.honour_legacy and storages[alias] == DJANGO_STORAGES[alias]:
            storages[alias] = {"BACKEND": backend}
            note += f" It is honoured as STORAGES[{alias!r}] (STOWAGE_HONOUR_LEGACY)."
        changes.notes.append(note)


def _static_storage(
    storages: Storages, settings: Mapping[str, Any], wanted: env.Wanted, changes: Changes
) -> None:
    if wanted.static_storage is None:
        return
    alias = "staticfiles"
    own = str(storages[alias].get("BACKEND"))
    changes.values["STOWAGE_PROJECT_STATICFILES_BACKEND"] = settings.get(
        "STOWAGE_PROJECT_STATICFILES_BACKEND", own
    )
    if wanted.static_storage == "project":
        # Only whether the class has a manifest can tell whether it is to read the release's; that
        # is known when the storage is made, not now.
        if own != PLAIN_STATIC and _is_published(wanted):
            storages[alias]["BACKEND"] = PROJECT_STATIC
    else:
        _replace(storages, alias, STATIC_BACKENDS[wanted.static_storage], changes)
        if wanted.static_storage == "manifest" and _is_published(wanted):
            storages[alias]["BACKEND"] = PROJECT_STATIC
            changes.values["STOWAGE_PROJECT_STATICFILES_BACKEND"] = MANIFEST_STATIC
    _relocate(storages[alias], wanted.static_root, wanted.static_url)


def _media_storage(storages: Storages, wanted: env.Wanted, changes: Changes) -> None:
    if wanted.media_backend == "local":
        _replace(storages, "default", FILE_SYSTEM, changes)
    _relocate(storages["default"], wanted.media_root, wanted.media_url)


def _replace(storages: Storages, alias: str, backend: str, changes: Changes) -> None:
    """Make `backend` the storage of `alias`; options stay where the class stays."""
    old = storages[alias]
    own = str(old.get("BACKEND"))
    if SAME_BACKEND.get(own, own) in (backend, PROJECT_STATIC):
        return
    storages[alias] = {"BACKEND": backend}
    if old != DJANGO_STORAGES[alias]:
        # Names only: the values of options may be secrets.
        options = ", ".join(sorted(old.get("OPTIONS") or ()))
        with_options = f" with its options {options}" if options else ""
        changes.notes.append(
            f"STORAGES[{alias!r}] is {backend} in place of the project's own {own}{with_options}."
        )


def _relocate(spec: dict[str, Any], root: str | None, url: str | None) -> None:
    """A location written into a storage's options hides the root: change it there as well."""
    options = dict(spec.get("OPTIONS") or {})
    for name, value in (("location", root), ("base_url", url)):
        if value is not None and options.get(name) is not None:
            options[name] = like(options[name], value)
            spec["OPTIONS"] = options


def _is_published(wanted: env.Wanted) -> bool:
    return wanted.phase == "run" and wanted.release_id is not None


def _release(settings: Mapping[str, Any], wanted: env.Wanted, changes: Changes) -> None:
    """Tell the application its release and let a collectstatic at its start be answered at once."""
    if wanted.static_storage is None:
        return
    changes.values["STOWAGE_PHASE"] = wanted.phase
    changes.values["STOWAGE_MANIFEST"] = wanted.manifest
    if wanted.release_id is not None:
        changes.values["RELEASE_ID"] = wanted.release_id
    apps = settings.get("INSTALLED_APPS")
    if _is_published(wanted) and apps is not None and OUR_APP not in apps:
        # First: of two commands of one name, Django takes the one of the earlier app.
        changes.values["INSTALLED_APPS"] = (
            (OUR_APP, *apps) if isinstance(apps, tuple) else [OUR_APP, *apps]
        )


def _compressor(settings: Mapping[str, Any], wanted: env.Wanted, changes: Changes) -> None:
    """Let django-compressor write where it may, or make its outputs a part of the release."""
    values, notes = compressor.change(settings, wanted)
    for name, value in values.items():
        old = settings.get(name)
        changes.values[name] = like(old, value) if isinstance(value, str) else value
    changes.notes.extend(notes)


def _static_server(settings: Mapping[str, Any], wanted: env.Wanted, changes: Changes) -> None:
    """Let the application serve the pool, by a middleware where WhiteNoise's is or would be."""
    if wanted.static_server != "whitenoise" or wanted.phase != "run":
        return
    changes.values["STOWAGE_STATIC_POOL"] = wanted.static_pool
    changes.values["STOWAGE_STATIC_LIFETIME"] = wanted.static_lifetime
    own = settings.get("MIDDLEWARE") or []
    if POOL_MIDDLEWARE in own:
        return
    after = [POOL_MIDDLEWARE if name == WHITENOISE_MIDDLEWARE else name for name in own]
    if POOL_MIDDLEWARE in after:
        place = f"in place of {WHITENOISE_MIDDLEWARE}, whose other settings it honours"
    elif SECURITY_MIDDLEWARE in own:
        after.insert(after.index(SECURITY_MIDDLEWARE) + 1, POOL_MIDDLEWARE)
        place = f"after {SECURITY_MIDDLEWARE}"
    else:
        after.insert(0, POOL_MIDDLEWARE)
        place = "as the first"
    changes.values["MIDDLEWARE"] = tuple(after) if isinstance(own, tuple) else after
    changes.notes.append(
        f"MIDDLEWARE has {POOL_MIDDLEWARE} {place}: the application serves static files."
    )


def _uploads(settings: Mapping[str, Any], wanted: env.Wanted, changes: Changes) -> None:
    """One limit for the whole chain, and files that nginx (another user) can read."""
    if wanted.upload_limit is not None:
        changes.values["DATA_UPLOAD_MAX_MEMORY_SIZE"] = wanted.upload_limit
    if wanted.upload_limit is None and wanted.media_backend != "local":
        return
    # Django's defaults: 0o644 for files, None (whatever the umask leaves) for directories.
    if settings.get("FILE_UPLOAD_PERMISSIONS", 0o644) is None:
        changes.values["FILE_UPLOAD_PERMISSIONS"] = 0o644
    if settings.get("FILE_UPLOAD_DIRECTORY_PERMISSIONS") is None:
        changes.values["FILE_UPLOAD_DIRECTORY_PERMISSIONS"] = 0o755
    mode = settings.get("FILE_UPLOAD_PERMISSIONS")
    if wanted.media_backend == "local" and isinstance(mode, int) and not mode & 0o004:
        changes.notes.append(
            f"FILE_UPLOAD_PERMISSIONS is {mode:#o}: nginx runs as another user and cannot read "
            "new uploads. Set it to 0o644, or to None to let Stowage set it."
        )
