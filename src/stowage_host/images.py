# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The images of a release: built or pulled under tags of their own, never under the user's.

A package that the image lacks comes by a thin layer on top, with the versions that the image
has as constraints: nothing of the user's is upgraded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import engine
from .engine import say
from .errors import ApplicationError, EngineError
from .files import write_atomic
from .inspection import Inspection
from .overlay import image_groups, image_reference
from .site import Site
from .yaml import dump

CANDIDATE = "candidate"
"""The tag of an image while nobody knows yet what the release is called."""

LAYER = """\
FROM {image}
USER root
RUN set -e; {python} -m pip --version >/dev/null 2>&1 || {python} -m ensurepip >/dev/null; \\
    {python} -m pip freeze --exclude-editable > /tmp/stowage-constraints; \\
    {python} -m pip install --no-cache-dir --no-input \\
      --constraint /tmp/stowage-constraints {packages}; \\
    rm /tmp/stowage-constraints
USER {user}
"""


def builders(site: Site) -> list[str]:
    """The services whose build gives the images of all Django services."""
    return sorted(set(image_groups(site.project.services, site.compose.config()).values()))


def make(site: Site) -> dict[str, str]:
    """Build or pull every image of the project under the tag `candidate`: builder -> image id."""
    images: dict[str, str] = {}
    config = site.compose.config()["services"]
    built = [name for name in builders(site) if config[name].get("build")]
    if built:
        _build(site, built)
    for name in builders(site):
        reference = image_reference(site.project, name, CANDIDATE)
        if name not in built:
            _pull(str(config[name]["image"]), reference)
        images[name] = _id(reference)
    return images


def _id(reference: str) -> str:
    found = engine.image_id(reference)
    if found is None:
        raise EngineError(f"the image {reference} is not there after its build")
    return found


def _build(site: Site, names: list[str]) -> None:
    """Compose builds with the project's own recipe; only the name of the result is ours."""
    say(f"Building the image of {', '.join(names)}")
    services = {name: {"image": image_reference(site.project, name, CANDIDATE)} for name in names}
    scratch = site.paths.scratch / "build.yaml"
    write_atomic(
        scratch, dump({"services": services}, "Tags of a build that has no release id yet.")
    )
    result = site.compose.run("build", *names, overlays=[scratch])
    if result.code:
        raise ApplicationError(
            f"the image of {', '.join(names)} does not build:\n{result.tail(20)}"
        )


def _pull(image: str, reference: str) -> None:
    """Pull an image that is built elsewhere; without the registry, the one on the server serves."""
    say(f"Pulling {image}")
    result = engine.run(["docker", "pull", "--quiet", image])
    if result.code and engine.image_id(image) is None:
        raise EngineError(
            f"the image {image} cannot be pulled and is not on the server: {result.tail(3)}"
        )
    engine.docker("tag", image, reference)


def packages(site: Site) -> list[str]:
    """What the roles need in the image, each requirement once."""
    listed = [document.get("packages") or [] for document in site.fragments.values()]
    return list(dict.fromkeys(text for part in listed for text in part))


def missing(packages: list[str], inspection: Inspection) -> list[str]:
    """Requirements whose package the image does not have, by normalised name (PEP 503)."""

    def normal(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    have = {normal(name) for name in inspection.packages}
    return [
        text
        for text in packages
        if normal(re.split(r"[\[<>=!~;@ ]", text, maxsplit=1)[0]) not in have
    ]


def add_layers(
    site: Site, images: dict[str, str], inspections: Mapping[str, Inspection]
) -> dict[str, str]:
    """Put what each image lacks on top of it; tag `candidate` and id are then the layer's."""
    wanted = packages(site)
    layered = dict(images)
    for name, base in images.items():
        lacking = missing(wanted, inspections[name])
        if not lacking:
            continue
        say(f"Adding to the image of {name}: {', '.join(lacking)}")
        user = (
            engine.docker("image", "inspect", "--format", "{{.Config.User}}", base).strip()
            or "root"
        )
        reference = image_reference(site.project, name, CANDIDATE)
        quoted = " ".join(f"'{text}'" for text in lacking)
        recipe = LAYER.format(
            image=f"{reference}-base", python=inspections[name].python, packages=quoted, user=user
        )
        engine.docker("tag", base, f"{reference}-base")
        result = engine.run(["docker", "build", "--quiet", "--tag", reference, "-"], stdin=recipe)
        if result.code:
            raise ApplicationError(
                f"the packages {', '.join(lacking)} cannot be added to the image of {name} "
                f"(storage_env_packages, or what another role needs):\n"
                f"{result.tail(15)}"
            )
        layered[name] = _id(reference)
    return layered
