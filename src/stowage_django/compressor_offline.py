"""django-compressor's offline compression as a part of collecting a release.

What `manage.py compress --force` does, with the staged tree as COMPRESS_ROOT. Its outputs become
files of the release, its offline manifest a part of the release's manifest.
"""

# Neither Django nor compressor has type hints.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from compressor.conf import settings
from compressor.exceptions import OfflineGenerationError
from compressor.management.commands.compress import Command
from compressor.storage import default_storage
from compressor.templatetags.compress import CompressorMixin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import CommandError
from django.template import engines
from django.utils.module_loading import import_string

from stowage_django.compressor import MANIFEST_KEY, SWITCHED

EXTENSIONS = {".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2"}
HASHED = re.compile(r"\.[0-9a-f]{12}\.[^./]+$")
KNOWN_TO_DJANGO = frozenset(("True", "False", "None", "forloop"))
VARIABLE = "static_files_compressor_offline_enabled"
UNREADABLE = re.compile(r"^(?:Invalid template|Error parsing template) ([^\n:]+)", re.MULTILINE)

_at_work = threading.local()
"""`.template`: the name of the template whose block this thread is rendering."""


class CompressError(Exception):
    """A template's block cannot be compressed before a request; the message says what to do."""


def compress(manifest: Path) -> list[str]:
    """Compress all blocks, and complete `manifest`; returns notes. CompressError where a block
    cannot be compressed."""
    document: dict[str, Any] = {"paths": {}, "version": "1.1", "hash": ""}
    if manifest.exists():
        document = json.loads(manifest.read_text(encoding="utf-8"))
    if hasattr(staticfiles_storage, "hashed_files"):
        # {% static %} in the blocks must say what it will say at run time.
        staticfiles_storage.hashed_files = dict(document["paths"])
    blocks, notes = _blocks()
    document[MANIFEST_KEY] = dict(sorted(blocks.items()))
    for name in sorted(getattr(default_storage, "saved", ())):
        if HASHED.search(name):
            document["paths"][name] = name
    manifest.write_text(json.dumps(document), encoding="utf-8")
    return notes


def _blocks() -> tuple[dict[str, str], list[str]]:
    """What stands in place of each block, by compressor's key; and notes."""
    switched = settings.STOWAGE_COMPRESSOR == SWITCHED
    asked_in_vain: set[tuple[str, str]] = set()
    if switched:
        settings.COMPRESS_OFFLINE_CONTEXT = [Watched(c, asked_in_vain) for c in _contexts()]
    found: dict[str, str] = {}
    errors: list[CommandError] = []
    log = StringIO()
    for engine in _engines():
        try:
            found.update(StrictCommand().compress(engine, EXTENSIONS, 1, False, log)[0])
        except OfflineGenerationError:
            continue  # There is no template, or none with a block.
        except CommandError as error:
            errors.append(error)
    if asked_in_vain:  # First: it may be what the error comes from.
        names = ", ".join(f"{name} in {template}" for template, name in sorted(asked_in_vain))
        raise CompressError(_advice(f"Blocks hold what only a request tells: {names}", switched))
    if errors:
        raise CompressError(_advice(str(errors[0]), switched)) from errors[0]
    return found, _notes(found, log.getvalue())


def _notes(blocks: Mapping[str, str], log: str) -> list[str]:
    notes = []
    if not blocks:
        notes.append("django-compressor found no {% compress %} in the templates.")
    if unreadable := sorted(set(UNREADABLE.findall(log))):
        some = ", ".join(unreadable[:3]) + (", ..." if len(unreadable) > 3 else "")
        notes.append(f"django-compressor cannot read {len(unreadable)} templates: {some}")
    return notes


def _advice(problem: str, switched: bool) -> str:
    problem = problem.rstrip(".")
    if not switched:
        return f"django-compressor (COMPRESS_OFFLINE) failed: {problem}. Mend the template."
    return (
        f"django-compressor cannot compress before requests: {problem}. Give such values in the "
        f"setting COMPRESS_OFFLINE_CONTEXT or move them out of the block, or set {VARIABLE} to "
        "false."
    )


def _engines() -> list[str]:
    """Of `django` and `jinja2`, those that the project has, the latter with compressor's tag."""
    names = []
    for engine in engines.all():
        if hasattr(engine, "engine"):
            names.append("django")
        environment = getattr(engine, "env", None)
        extensions = getattr(environment, "extensions", {}).values()
        if any(isinstance(extension, CompressorMixin) for extension in extensions):
            names.append("jinja2")
    return list(dict.fromkeys(names))


def _contexts() -> list[Mapping[str, Any]]:
    """COMPRESS_OFFLINE_CONTEXT in the one of its three forms that the others stand for."""
    contexts = settings.COMPRESS_OFFLINE_CONTEXT
    if isinstance(contexts, str):
        contexts = import_string(contexts)()
    return [contexts] if isinstance(contexts, Mapping) else list(contexts)


class Watched(dict[str, Any]):
    """A context that takes down what a block asks it for and it has not.

    Such a block is another one at a request, which nothing was compressed for.
    """

    def __init__(self, values: Mapping[str, Any], asked_in_vain: set[tuple[str, str]]) -> None:
        super().__init__(values)
        self._asked_in_vain = asked_in_vain

    def __contains__(self, name: object) -> bool:
        found = super().__contains__(name)
        template = getattr(_at_work, "template", None)
        if not found and template and name not in KNOWN_TO_DJANGO:
            self._asked_in_vain.add((template, str(name)))
        return found


class _Parser:
    """compressor's parser, with a word in `_at_work` about what it renders."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def render_nodelist(self, template: Any, context: Any, node: Any) -> Any:
        _at_work.template = template.template_name
        try:
            return self._parser.render_nodelist(template, context, node)
        finally:
            _at_work.template = None


class StrictCommand(Command):
    """compressor's command, which would leave a block out without a word when the block's own
    content fails, as a {% static %} of a missing file does."""

    @staticmethod
    def _compress_template(
        offline_manifest: Any, nodes: Any, parser: Any, template: Any, errors: list[Exception]
    ) -> None:
        try:
            Command._compress_template(offline_manifest, nodes, _Parser(parser), template, errors)
        except Exception as error:
            name = template.template_name
            errors.append(CommandError(f"An error occurred during rendering {name}: {error}"))
