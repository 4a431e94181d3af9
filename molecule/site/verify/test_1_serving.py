"""Every project, unmodified: pages, hashed assets, an upload through its own form."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

import pytest
from checks import HASHED, IMMUTABLE, Site, all_assets, run_checks, upload_document
from server import DIRECTORIES, PORTS, Server

FORMS: dict[str, tuple[str, dict[str, str], str]] = {
    "larder": ("/", {"name": "Soup"}, "card"),
    "trails": ("/new/", {"title": "Ridge", "walked_on": ""}, "gpx"),
    "shoebox": ("/", {"shop": "Baker"}, "scan"),
}
"""Page of the form, its text fields, the field of the file."""


def upload(site: Site, project: str, content: bytes) -> str:
    """Send `content` through the project's form; the URL that the page then links to."""
    path, fields, field = FORMS[project]
    name = f"{secrets.token_hex(4)}.bin"
    answer = site.post_form(path, fields, {field: (name, content)})
    assert answer.status in (302, 303), answer.text[:600]
    link = re.search(rf'href="([^"]*{name})"', site.page("/"))
    assert link is not None
    return link[1]


@pytest.mark.parametrize("project", sorted(set(PORTS) - {"kiosk"}))
def test_pages_name_only_hashed_files_and_each_is_immutable(server: Server, project: str) -> None:
    site = server.site(project)
    urls = all_assets(site, site.page("/"))
    assert urls
    for url in urls:
        answer = site.request(url)
        assert HASHED.search(url), url
        assert (answer.status, answer.headers["cache-control"]) == (200, IMMUTABLE), url


@pytest.mark.parametrize("project", FORMS)
def test_an_upload_comes_back_byte_for_byte(server: Server, project: str) -> None:
    site, content = server.site(project), secrets.token_bytes(200_000)
    answer = site.request(upload(site, project, content))
    assert (answer.status, answer.body == content) == (200, True)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["server"].startswith("nginx")


def test_worker_and_web_share_the_media(server: Server) -> None:
    """Larder's Celery worker reads the upload and writes its hash on the page."""
    site, content = server.site("larder"), secrets.token_bytes(50_000)
    upload(site, "larder", content)
    digest = hashlib.sha256(content).hexdigest()
    deadline = time.monotonic() + 30
    while digest not in site.page("/"):
        assert time.monotonic() < deadline, "the worker did not see the upload"
        time.sleep(0.5)


def test_an_adopted_volume_holds_the_uploads(server: Server) -> None:
    site = server.site("larder")
    name = upload(site, "larder", b"a card").rsplit("/", 1)[-1]
    place = server.run(
        "docker", "volume", "inspect", "--format", "{{.Mountpoint}}", "split_settings_media"
    ).strip()
    assert name in server.run("find", place, "-name", name)


def test_the_demos_table_holds(server: Server) -> None:
    site = server.site("library")
    page, uploaded = site.page("/"), upload_document(site)
    checks = run_checks(site, page, uploaded)
    wrong = [check for check in checks if not check.holds and "first release" not in check.what]
    assert wrong == []


def test_an_upload_above_the_limit_is_refused_and_one_below_is_not(server: Server) -> None:
    site = server.site("trails")
    path, fields, field = FORMS["trails"]
    over = site.post_form(path, fields, {field: ("over.bin", b"x" * (26 * 1024 * 1024))})
    assert over.status == 413
    upload(site, "trails", b"x" * (24 * 1024 * 1024))


def test_an_unknown_host_never_reaches_the_application(server: Server) -> None:
    assert Site(server.address(), PORTS["trails"], "evil.example.com").request("/").status == 421


@pytest.mark.parametrize("project", PORTS)
def test_the_project_is_as_its_owner_left_it(server: Server, project: str) -> None:
    """New in the project's directory is only what leads Compose to the overlay."""
    marker = server.run("stat", "--format", "%Y", "/opt/stowage/bin/stowage").strip()
    found = server.shell(
        f"cd {DIRECTORIES[project]} && find . -newermt @{marker} -not -path './media*' "
        "-not -type d -printf '%P\\n'"
    ).split()
    by_link = project in ("library", "trails", "kiosk")
    assert found == ["compose.override.yaml" if by_link else ".env"]
