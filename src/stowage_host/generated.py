# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The place for static files that the application itself makes at requests.

django-compressor does, unless told to make them ahead. Nothing deletes them: a page that names one
may be in a cache of the application for as long as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping

from .inspection import Inspection, main_of
from .media import own
from .overlay import writes_static
from .site import Site


def make_generated(site: Site, inspections: Mapping[str, Inspection]) -> bool:
    """Make the place where an image needs it; return whether there was none.

    It is mounted within a read-only one, so it must be there before. An application that runs may
    own it: it stays the owner here.
    """
    place = site.paths.generated
    if not writes_static(site.fragments, inspections) or place.is_dir():
        return False
    place.mkdir(parents=True)
    place.chmod(0o755)
    return True


def prepare_generated(site: Site, inspections: Mapping[str, Inspection]) -> bool:
    """Make the place where an image needs it, and the user of the container that is about to serve
    its owner; return whether anything changed."""
    made = make_generated(site, inspections)
    if not writes_static(site.fragments, inspections):
        return False
    inspection = main_of(site.project, inspections)
    return own(site.paths.generated, inspection.uid, inspection.gid) or made
