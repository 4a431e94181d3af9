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


def prepare_generated(site: Site, inspections: Mapping[str, Inspection]) -> bool:
    """Make the place where an image needs it, the container's user its owner; return whether
    anything changed. It is mounted within a read-only one, so it must be there before."""
    if not writes_static(site.fragments, inspections):
        return False
    place = site.paths.generated
    made = not place.is_dir()
    if made:
        place.mkdir(parents=True)
        place.chmod(0o755)
    inspection = main_of(site.project, inspections)
    return own(place, inspection.uid, inspection.gid) or made
