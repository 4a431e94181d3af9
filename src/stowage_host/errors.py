# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Failures a person can act on, and the exit code each kind of them has."""

from __future__ import annotations


class StowageError(Exception):
    """A failure with a message that names what is wrong and the remedy.

    `code` is the process's exit code. 1 is left to the unexpected and 2 to argparse.
    """

    code = 10


class InputError(StowageError):
    """A variable of the inventory has a value that cannot work; nothing was changed."""

    code = 3

    def __init__(self, variable: str, value: object, remedy: str) -> None:
        super().__init__(f"{variable}: {value!r}: {remedy}")


class EngineError(StowageError):
    """Docker or Compose is missing, too old, or refused a command."""

    code = 4


class ApplicationError(StowageError):
    """The project's own code failed in a one-off container (settings, collect, release command)."""

    code = 5


class HealthError(StowageError):
    """The application did not come up healthy after a switch; the former release was put back."""

    code = 6


class LockedError(StowageError):
    """Another run holds the project's lock."""

    code = 7


class GateError(StowageError):
    """What was collected is not fit to be published; nothing was switched."""

    code = 8
