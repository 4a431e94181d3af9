"""Report what the project in this container says of itself: one JSON document.

    python -m stowage_django.inspect

is started in a one-off container of the user's image, by its entry point, with
STOWAGE_SETTINGS_MODULE=<the project's settings module> and
DJANGO_SETTINGS_MODULE=stowage_django.settings: what is left of the second tells whether the entry
point exports a value of its own.

The last line on stdout is `STOWAGE-INSPECT:` and the document (the project may print before it).
Exit code 0, or 3 when the settings cannot be read: the document is then
{"error": "<type>: <message>", "traceback": "..."}. Nothing is written, no database is asked, no
application is loaded. The settings are the project's own, before any change by Stowage.
"""

from __future__ import annotations

import json
import os
import platform
import pwd
import re
import site
import sys
import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stowage_django import assignments, compressor, project
from stowage_django.apply import LEGACY_NAMES, apply
from stowage_django.project import OUR_SETTINGS

MARKER = "STOWAGE-INSPECT:"
EXIT_SETTINGS = 3


def main() -> int:
    """Print the document; returns the exit code."""
    try:
        document, code = report(), 0
    except BaseException as error:  # Settings may also call sys.exit().
        document = {
            "error": f"{type(error).__name__}: {error}",
            "traceback": traceback.format_exc(),
        }
        code = EXIT_SETTINGS
    # On a line of its own, whatever the project has printed.
    print(f"\n{MARKER}{json.dumps(document, default=str)}", flush=True)
    return code


def report() -> dict[str, Any]:
    """The document. Raises whatever the import of the settings raises."""
    ours = os.environ.get("DJANGO_SETTINGS_MODULE")
    module = os.environ.get("STOWAGE_SETTINGS_MODULE") or ours
    if not module or module == OUR_SETTINGS:
        raise ValueError(
            f"STOWAGE_SETTINGS_MODULE is {os.environ.get('STOWAGE_SETTINGS_MODULE', '')!r}: set it "
            "to the project's own settings module (django_project_settings_module)."
        )
    notes = project.make_importable(module)
    settings, own = read_settings(module)
    way, reason = choose_way(ours, module, settings, notes)
    return {
        **interpreter(notes),
        **user(),
        "settings_module": module,
        "entrypoint_settings_module": ours,
        "configuration": os.environ.get("DJANGO_CONFIGURATION") or None,
        "way": way,
        "way_reason": reason,
        **describe(settings, own, notes),
        "packages": packages(),
        "notes": notes,
    }


def read_settings(module: str) -> tuple[Any, dict[str, Any]]:
    """(Django's settings object, the names that the project sets itself with their values)."""
    os.environ["DJANGO_SETTINGS_MODULE"] = module
    os.environ.pop("STOWAGE_HOOK", None)
    # Some settings read sys.argv, and take its second word for granted.
    sys.argv = ["manage.py", "check"]
    project.start_configurations()
    from django import conf

    # Not django.conf.settings: dynaconf replaces it, this stays the same.
    settings = conf.Settings(module)
    own = {name: getattr(settings, name) for name in settings._explicit_settings}
    return settings, own


def interpreter(notes: list[str]) -> dict[str, Any]:
    """What Python this is, and where a .pth file is seen by it."""
    import django

    purelib = sysconfig.get_path("purelib")
    if purelib not in sys.path:
        seen = [path for path in site.getsitepackages() if path in sys.path]
        if seen:
            notes.append(f"Python does not read {purelib}, its own purelib; {seen[0]} is used.")
            purelib = seen[0]
    return {
        "python": sys.executable,
        "python_version": platform.python_version(),
        "purelib": purelib,
        "django_version": django.get_version(),
    }


def user() -> dict[str, Any]:
    """The user that the image runs as; without an entry in /etc/passwd the name is null."""
    uid = os.getuid()
    try:
        name: str | None = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = None
    return {"uid": uid, "gid": os.getgid(), "user": name}


def packages() -> dict[str, str]:
    """Name (normalised as by PEP 503) -> version of what is installed."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for distribution in distributions():
        name = distribution.metadata["Name"]
        if name:  # A half-removed distribution has none.
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), distribution.version)
    return dict(sorted(found.items()))


def describe(settings: Any, own: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """The part of the document that the settings answer."""
    import django

    storages = {a: str(s.get("BACKEND")) for a, s in dict(settings.STORAGES).items()}
    legacy = {name: str(own[name]) for name in LEGACY_NAMES.values() if own.get(name)}
    middleware = [str(name) for name in settings.MIDDLEWARE]
    # The sentences of a first application, for people: nothing is applied here.
    notes.extend(apply(own, os.environ, django.VERSION).notes)
    return {
        "base_dir": _text(getattr(settings, "BASE_DIR", None)),
        "static_url": _url(settings, "STATIC_URL"),
        "static_root": _text(settings.STATIC_ROOT),
        "media_url": _url(settings, "MEDIA_URL"),
        "media_root": _text(settings.MEDIA_ROOT),
        "storages": storages,
        "legacy_names": legacy,
        "ignored_legacy": sorted(legacy) if django.VERSION >= (5, 1) else [],
        "middleware": middleware,
        "installed_apps": [str(name) for name in settings.INSTALLED_APPS],
        "wsgi_application": settings.WSGI_APPLICATION,
        "asgi_application": getattr(settings, "ASGI_APPLICATION", None),
        "file_upload_permissions": settings.FILE_UPLOAD_PERMISSIONS,
        "compressor": compressor.mode(own),
        "whitenoise": any(
            "whitenoise" in name.lower() for name in (*middleware, *storages.values())
        ),
    }


def _text(value: Any) -> str | None:
    """A root as a string; Django's empty default is null."""
    return os.fspath(value) if value and isinstance(value, (str, os.PathLike)) else None


def _url(settings: Any, name: str) -> str | None:
    """A URL as Django serves it: a relative one below FORCE_SCRIPT_NAME or /."""
    url = getattr(settings, name)
    if not url:
        return None
    if url.startswith(("http://", "https://", "/")):
        return str(url)
    return f"{(settings.FORCE_SCRIPT_NAME or '').rstrip('/')}/{url}"


def choose_way(
    entrypoint: str | None, module: str, settings: Any, notes: list[str]
) -> tuple[str, str]:
    """("settings" or "hook", why in one sentence); differences between modules become notes."""
    reason = ""
    if entrypoint not in (None, OUR_SETTINGS):
        reason = f"The entry point exports DJANGO_SETTINGS_MODULE={entrypoint}."
        if entrypoint != module:
            notes.append(
                f"The entry point exports DJANGO_SETTINGS_MODULE={entrypoint}, "
                f"django_project_settings_module is {module}."
            )
    for found in _assignments(module, settings):
        if not reason:
            reason = f"{found.path}, line {found.line}, assigns DJANGO_SETTINGS_MODULE."
        if found.module not in (None, module):
            notes.append(
                f"{found.path}, line {found.line}, sets DJANGO_SETTINGS_MODULE to {found.module}, "
                f"django_project_settings_module is {module}."
            )
    if reason:
        return "hook", reason
    return "settings", "Nothing in the image assigns DJANGO_SETTINGS_MODULE."


def _assignments(module: str, settings: Any) -> list[assignments.Assignment]:
    """In the entry points: those named by the settings, and those of the usual names."""
    paths: list[Path] = []
    for dotted in (settings.WSGI_APPLICATION, getattr(settings, "ASGI_APPLICATION", None)):
        relative = str(dotted or "").rpartition(".")[0].replace(".", "/")
        for folder in sys.path if relative else ():
            path = Path(folder or ".", f"{relative}.py").resolve()
            if path.is_file() and path not in paths:
                paths.append(path)
    patterns = (*assignments.PYTHON_FILES, *assignments.SHELL_FILES)
    for path in project.files(project.roots(module), patterns):
        if path.resolve() not in paths:
            paths.append(path.resolve())
    return [found for path in paths for found in assignments.find(path)]


if __name__ == "__main__":
    exit_code = main()
    sys.stderr.flush()
    # At once: threads and exit handlers of the project must not print after the document or
    # keep the container.
    os._exit(exit_code)
