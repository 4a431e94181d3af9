"""Collect the static files of one release into a staging directory.

    python -m stowage_django.collect --target DIR [--published DIR] [--collector stowage|django]
        [--minify css,js] [--forgiving] [--own-hashes GLOB ...]

runs in a one-off container of the new image and fills

    DIR/tree/          what the server lacks. Without --published, or for a storage without a
                       manifest: the whole STATIC_ROOT
    DIR/manifest.json  the manifest of all files (Django's format), beside the tree so that it is
                       never served; there is none for a storage that keeps none
    DIR/memory.json    what the next collection may reuse, as PUBLISHED/collected.json

The storages `release_manifest` and `manifest` are collected by our own, incremental collector, all
others by Django's own command. `--collector django` runs the project's own collectstatic instead,
whatever command of that name its applications bring.

The last line on stdout is `STOWAGE-COLLECT:` and one JSON document: {files, hashed, staged,
manifest, storage, collector, forgiven, seconds, notes}, or {error} with the exit code 2 target or
storage cannot be used, 3 settings cannot be read, 4 a static file is at fault.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
import traceback
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from stowage_django import _boot, compressor, project
from stowage_django.faults import (
    EXIT_FILES,
    EXIT_SETTINGS,
    EXIT_TARGET,
    CollectError,
    forgiven_note,
)
from stowage_django.project import OUR_SETTINGS

MARKER = "STOWAGE-COLLECT:"
OWN_STORAGES = (
    "stowage_django.storage.ReleaseManifestStaticFilesStorage",
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage",
)


def main(arguments: Sequence[str]) -> int:
    """Collect and print the document; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m stowage_django.collect")
    parser.add_argument("--target", required=True, type=Path, metavar="DIR")
    parser.add_argument("--published", type=Path, metavar="DIR")
    parser.add_argument("--collector", choices=("stowage", "django"), default="stowage")
    parser.add_argument("--minify", type=_kinds, default=(), metavar="css,js")
    parser.add_argument("--forgiving", action="store_true")
    parser.add_argument("--own-hashes", nargs="+", action="extend", default=[], metavar="GLOB")
    options = parser.parse_args(arguments)
    options.target = options.target.resolve()
    code = 0
    try:
        document = collect(options)
    except CollectError as error:
        print(error, file=sys.stderr)
        document, code = {"error": str(error)}, error.code
    print(f"\n{MARKER}{json.dumps(document)}", flush=True)
    return code


def _kinds(text: str) -> tuple[str, ...]:
    """The kinds of file in `css,js`."""
    kinds = tuple(dict.fromkeys(kind.strip() for kind in text.split(",") if kind.strip()))
    for kind in kinds:
        if kind not in ("css", "js"):
            raise argparse.ArgumentTypeError(f"{kind!r} is neither css nor js")
    return kinds


def collect(options: argparse.Namespace) -> dict[str, Any]:
    """Fill the target; returns the document. CollectError for all that can be foreseen."""
    started = time.monotonic()
    notes = start_django(options.target)
    from django.conf import settings
    from django.contrib.staticfiles.storage import staticfiles_storage

    if compresses():
        options.published = None  # It reads the hashed files in the tree, all of them.
    prepare(options.target)
    check_storage(staticfiles_storage, options.target / "tree")
    storage = type(staticfiles_storage._wrapped)
    name = f"{storage.__module__}.{storage.__qualname__}"
    if options.collector == "stowage" and name in OWN_STORAGES:
        document = run_collector(staticfiles_storage, options)
    else:
        document = run_django(staticfiles_storage, options)
    notes += compress(options.target / "manifest.json")
    return {
        **document,
        "storage": name,
        "seconds": round(time.monotonic() - started, 3),
        "notes": [*notes, *document["notes"], *getattr(settings, "STOWAGE_NOTES", ())],
    }


def run_collector(storage: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Collect by the incremental collector; returns its part of the document."""
    from stowage_django.collector import Collector, Wishes
    from stowage_django.staging import Staging

    wishes = Wishes(options.own_hashes, options.minify, options.forgiving)
    staging = Staging(options.target, options.published)
    manifest = options.target / "manifest.json"
    try:
        collector = Collector(storage._wrapped, staging, wishes)
        collected = collector.collect()
        manifest.write_text(collected.manifest(), encoding="utf-8")
        collector.remember()
    except CollectError:
        raise
    except OSError as error:
        raise CollectError(f"Collecting failed: {error}", EXIT_TARGET) from error
    except Exception as error:  # Finders, storages and patterns may be the project's own.
        traceback.print_exc()
        raise CollectError(
            f"Collecting failed: {type(error).__name__}: {error}", EXIT_FILES
        ) from error
    storage.hashed_files = collected.paths  # For code that asks the storage in this process.
    forgiven = collected.forgiven
    return {
        "files": len(collected.paths),
        "hashed": len({hashed for name, hashed in collected.paths.items() if hashed != name}),
        "staged": staging.files,
        "manifest": str(manifest),
        "collector": "stowage",
        "forgiven": [
            {"file": fault.file, "line": fault.line, "reference": fault.reference}
            for fault in forgiven
        ],
        "notes": [forgiven_note(forgiven)] if forgiven else [],
    }


def run_django(storage: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Collect by a collectstatic; returns its part of the document."""
    tree, manifest = options.target / "tree", options.target / "manifest.json"
    run_command(of_the_project=options.collector == "django")
    take_manifest(storage, tree, manifest)
    paths = json.loads(manifest.read_text(encoding="utf-8"))["paths"] if manifest.exists() else {}
    hashed = set(paths.values()) - set(paths)
    staged = regular_files(tree)
    idle = {
        "static_files_minify": options.minify,
        "static_files_forgiving_enabled": options.forgiving,
        # Where nothing is hashed the server keeps their names as they are.
        "static_files_own_hashes": options.own_hashes if hashed else [],
    }
    return {
        "files": sum(1 for name in staged if name not in hashed),
        "hashed": len(hashed),
        "staged": len(staged),
        "manifest": str(manifest) if manifest.exists() else None,
        "collector": "django",
        "forgiven": [],
        "notes": [
            f"{variable} has no effect, as Django's collectstatic collects the files: it needs "
            "static_files_collector stowage and static_files_storage release_manifest or manifest."
            for variable, value in idle.items()
            if value
        ],
    }


def start_django(target: Path) -> list[str]:
    """Set Django up as `manage.py collectstatic` would, in the phase `collect`; returns notes."""
    os.environ["STOWAGE_PHASE"] = "collect"
    os.environ["STOWAGE_STATIC_ROOT"] = str(target / "tree")
    module = os.environ.get("STOWAGE_SETTINGS_MODULE", "")
    if os.environ.get("STOWAGE_HOOK") == "1":
        _boot.arm()  # Without its .pth file, which is not mounted here.
        module = os.environ.get("DJANGO_SETTINGS_MODULE") or module
        os.environ["DJANGO_SETTINGS_MODULE"] = module
    else:
        os.environ["DJANGO_SETTINGS_MODULE"] = OUR_SETTINGS
    notes = project.make_importable(module)
    # Some settings read sys.argv.
    sys.argv = ["manage.py", "collectstatic", "--noinput"]
    try:
        project.start_configurations()
        import django

        django.setup()
        from django.apps import apps
    except BaseException as error:  # Settings may also call sys.exit().
        traceback.print_exc()
        raise CollectError(
            f"The settings {module} cannot be read: {type(error).__name__}: {error}",
            EXIT_SETTINGS,
        ) from error
    if not apps.is_installed("django.contrib.staticfiles"):
        raise CollectError(
            "INSTALLED_APPS has no django.contrib.staticfiles, so there are no static files to "
            "collect: add it to the project, or leave the role static_files out.",
            EXIT_SETTINGS,
        )
    return notes


def prepare(target: Path) -> None:
    """Begin with nothing: a collection that was broken off leaves its files."""
    tree = target / "tree"
    try:
        if tree.exists():
            shutil.rmtree(tree)
        (target / "manifest.json").unlink(missing_ok=True)
        (target / "memory.json").unlink(missing_ok=True)
        tree.mkdir(parents=True)
    except OSError as error:
        raise CollectError(
            f"The staging directory {target} cannot be written by user {os.getuid()}: "
            f"{error}. Give the directory to the user that the image runs as.",
            EXIT_TARGET,
        ) from error


def check_storage(storage: Any, tree: Path) -> None:
    """Only a storage that writes into `tree` may go on: it could be a bucket, or the image."""
    name = f"{type(storage).__module__}.{type(storage).__qualname__}"
    try:
        name = f"{storage.__class__.__module__}.{storage.__class__.__qualname__}"
        place = Path(storage.path("")).resolve()
    except NotImplementedError:
        place = None
    except Exception as error:
        raise CollectError(
            f"The static storage {name} cannot be used: {type(error).__name__}: {error}",
            EXIT_TARGET,
        ) from error
    if place != tree.resolve():
        raise CollectError(
            f"The project's static storage {name} writes to {place or 'a remote place'} and not to "
            "STATIC_ROOT: set static_files_storage to release_manifest in place of project.",
            EXIT_TARGET,
        )


def run_command(of_the_project: bool) -> None:
    """The project's collectstatic, or Django's own: no questions, no links."""
    from django.contrib.staticfiles.management.commands.collectstatic import Command
    from django.core.management import call_command

    errors = StringIO()
    command: Any = "collectstatic" if of_the_project else Command()
    try:
        call_command(command, interactive=False, verbosity=0, stdout=StringIO(), stderr=errors)
    except Exception as error:
        known = explain(error, errors.getvalue())
        if isinstance(error, OSError):
            raise CollectError(f"Collecting failed: {error}", EXIT_TARGET) from error
        if known is None:
            traceback.print_exc()
            known = f"Collecting failed: {type(error).__name__}: {error}"
        raise CollectError(known, EXIT_FILES) from error


def explain(error: Exception, stderr: str) -> str | None:
    """Django's error about a static file as one message: file, reference, remedy."""
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    failed = re.search(r"Post-processing '(.+?)' failed", stderr)
    name = failed[1] if failed else _file_at_work(error)
    missing = re.search(r"The file '(.+?)' could not be found", str(cause))
    where = f"The static file {name}" if name else "A static file"
    if missing:
        note = "".join(getattr(cause, "__notes__", ()))
        line = re.search(r"on line\s+(\d+)", note)
        at = f" (line {line[1]})" if line else ""
        return (
            f"{where} refers to {missing[1]}{at}, which does not exist. Add that file or remove "
            "the reference; or set static_files_storage to default, which hashes no names."
        )
    if "Max post-process passes exceeded" in str(cause):
        return (
            f"{where} is part of a circle of files that refer to each other, whose hashed names "
            "cannot be settled. Break the circle, or set static_files_storage to default."
        )
    if isinstance(cause, UnicodeDecodeError):
        return f"{where} is not UTF-8 ({cause}): save it as UTF-8."
    if type(cause).__name__ == "SuspiciousFileOperation":
        return f"{where} refers to a place outside of the static files: {cause}"
    return None


def _file_at_work(error: Exception) -> str | None:
    """The file that Django was rewriting; for some errors it does not say."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == "_post_process":
            name = trace.tb_frame.f_locals.get("name")
            return name if isinstance(name, str) else None
        trace = trace.tb_next
    return None


def take_manifest(storage: Any, tree: Path, manifest: Path) -> None:
    """Put a project storage's manifest beside the tree: within, it would list every file to all."""
    name = getattr(storage, "manifest_name", None)
    if manifest.exists() or not name:
        return
    content = storage.read_manifest()
    if content is not None:
        manifest.write_text(content, encoding="utf-8")
        (tree / name).unlink(missing_ok=True)


def compresses() -> bool:
    """Whether django-compressor makes its outputs now, for the whole release."""
    from django.conf import settings

    return getattr(settings, "STOWAGE_COMPRESSOR", None) in compressor.AT_COLLECTION


def compress(manifest: Path) -> list[str]:
    """django-compressor's offline compression, where the settings ask for it; returns notes."""
    if not compresses():
        return []
    from stowage_django import compressor_offline

    try:
        return compressor_offline.compress(manifest)
    except compressor_offline.CompressError as error:
        raise CollectError(str(error), EXIT_FILES) from error


def regular_files(tree: Path) -> list[str]:
    """Names relative to the tree. A link could show what was never meant to be served."""
    names: list[str] = []
    for folder, folders, files in os.walk(tree):
        for name in (*folders, *files):
            if os.path.islink(os.path.join(folder, name)):
                link = os.path.relpath(os.path.join(folder, name), tree)
                raise CollectError(
                    f"The static storage made {link} a symbolic link, which is not published: let "
                    "it copy the file, or set static_files_storage to release_manifest.",
                    EXIT_FILES,
                )
        names.extend(os.path.relpath(os.path.join(folder, name), tree) for name in files)
    return names


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(exit_code)  # Threads that the project has started must not keep the container.
