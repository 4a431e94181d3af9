"""What ends a collection, and how it is told.

A fault lies in a static file of the project: all of them are told at once. CollectError ends the
collection with one message and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_TARGET, EXIT_SETTINGS, EXIT_FILES = 2, 3, 4
MOST_TOLD = 20

MISSING = (
    "Add that file or remove the reference; or set static_files_forgiving_enabled: true, which "
    "leaves such references as they are and lists them."
)
CIRCLE = "Break the circle, or set static_files_storage to default, which hashes no names."
ENCODING = "Save it as UTF-8."
UNREADABLE = "Let the user that the image runs as read it, or take it out of the static files."
OWN_HASH = (
    "Let static_files_own_hashes match only files whose names change with their content, or give "
    "the changed file a new name."
)


class CollectError(Exception):
    """Ends the collection with one message and this exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one static file.

    `text` goes on after "The static file <file>"; `line` and `reference` are those of a reference
    that `forgivable` says may stay as it is.
    """

    file: str
    text: str
    remedy: str
    line: int = 0
    reference: str = ""
    forgivable: bool = False


def message(faults: Sequence[Fault]) -> str:
    """All faults in one message, each remedy once."""
    lines = [f"The static file {fault.file} {fault.text}." for fault in faults[:MOST_TOLD]]
    remedies = dict.fromkeys(fault.remedy for fault in faults)
    if len(faults) == 1:
        return " ".join([*lines, *remedies])
    if len(faults) > MOST_TOLD:
        lines.append(f"And {len(faults) - MOST_TOLD} more.")
    return "\n".join([f"The static files have {len(faults)} faults.", *lines, *remedies])


def forgiven_note(faults: Sequence[Fault], most: int = 3) -> str:
    """One note about the references that were left as they are."""
    first = "; ".join(
        f"{fault.file}, line {fault.line}: {fault.reference}" for fault in faults[:most]
    )
    more = f"; and {len(faults) - most} more" if len(faults) > most else ""
    return (
        f"References to static files that do not exist were left as they are "
        f"(static_files_forgiving_enabled), {len(faults)} in all: {first}{more}."
    )
