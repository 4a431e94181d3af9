"""The fixture project `bundles`: django-compressor both ways, and vite's output, as it is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.unit.stowage_django.compressor_site import COMPRESSORS, Site
from tests.unit.stowage_django.conftest import Interpreters
from tests.unit.stowage_django.djangos import REPOSITORY
from tests.unit.stowage_django.shapes import Shape

SOURCE = REPOSITORY / "tests" / "projects" / "bundles"
GET = (
    "import kiosk.wsgi; from django.test import Client; "
    "answer = Client(HTTP_HOST='localhost').get('/'); print(answer.content.decode())"
)
URL = re.compile(r'(?:src|href)="/assets/([^"]+)"')


class Bundles(Shape):
    """The project as it stands in its folder."""

    def write(self, folder: Path) -> Path:
        ignored = shutil.ignore_patterns("__pycache__", "staticfiles")
        shutil.copytree(SOURCE, folder, ignore=ignored, dirs_exist_ok=True)
        return folder


@pytest.mark.parametrize("offline", ["0", "1"], ids=["at_requests", "offline"])
def test_every_url_of_its_page_is_a_file(
    offline: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    site = Site(interpreters(COMPRESSORS[-1]), tmp_path)
    environment = {"SECRET_KEY": "x", "COMPRESS_OFFLINE": offline}
    project = Bundles({}, module="kiosk.settings", environment=environment)
    site.release(project, "r1")

    page = site.run(project, "r1", "-c", GET)

    names = URL.findall(page.stdout)
    assert len(names) == 4, page.stdout + page.stderr
    for name in names:
        place = "generated" if name.startswith("CACHE/") and offline == "0" else "pool"
        assert (site.static / place / name).is_file(), name
    assert sum(name.startswith("dist/assets/index-") for name in names) == 2


def test_vites_own_hashes_stay_and_so_do_its_references(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    site = Site(interpreters(COMPRESSORS[-1]), tmp_path, options=("--own-hashes", "dist/assets/*"))
    project = Bundles({}, module="kiosk.settings", environment={"SECRET_KEY": "x"})

    manifest = site.release(project, "r1")

    built = sorted(path.name for path in (SOURCE / "frontend/dist/assets").iterdir())
    assert len(built) == 5
    for name in built:
        assert manifest["paths"][f"dist/assets/{name}"] == f"dist/assets/{name}"
        published = site.static / "pool/dist/assets" / name
        assert published.read_bytes() == (SOURCE / "frontend/dist/assets" / name).read_bytes()
    page = site.run(project, "r1", "-c", GET)
    assert 'src="/assets/dist/assets/index-BxK3f9aQ.js"' in page.stdout, page.stderr
