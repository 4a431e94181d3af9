# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands in one-off containers of an image: through its entrypoint, or around it.

Which of the two is known from the inspection: an entrypoint that it passed through exports what
the settings need; one that it could not pass is bypassed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .compose import OneOff
from .inspection import Inspection
from .site import Site


def container_name(site: Site, purpose: str) -> str:
    """The name of a one-off container; one of that name is a leftover of a killed run."""
    return f"stowage-{site.project.name}-{purpose}"


def one_off(
    site: Site,
    inspection: Inspection,
    purpose: str,
    words: Sequence[str],
    overlays: Sequence[Path],
    options: Sequence[str] = (),
    timeout: float | None = None,
) -> OneOff:
    """Run `words` in a container of the serving service."""
    options, words = list(options), list(words)
    if not inspection.entrypoint:
        if words[0] in ("python", "python3"):
            words[0] = inspection.python
        options += ["--entrypoint", words.pop(0)]
    return site.compose.one_off(
        container_name(site, purpose), words, overlays=overlays, options=options, timeout=timeout
    )


def python_one_off(
    site: Site,
    inspection: Inspection,
    purpose: str,
    words: Sequence[str],
    overlays: Sequence[Path],
    options: Sequence[str] = (),
    timeout: float | None = None,
) -> OneOff:
    """Run the application's own Python with `words`."""
    return one_off(
        site, inspection, purpose, [inspection.python, *words], overlays, options, timeout
    )
