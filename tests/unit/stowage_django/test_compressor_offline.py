"""django-compressor ahead of requests: blocks compressed when a release is collected."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.stowage_django.compressor_site import (
    BLOCK,
    COMPRESSORS,
    JINJA,
    JINJA_PAGE,
    OFFLINE,
    RENDER,
    SETTINGS,
    Site,
    output,
    page,
    shape,
)
from tests.unit.stowage_django.conftest import Interpreters


@pytest.fixture(params=COMPRESSORS)
def site(request: pytest.FixtureRequest, interpreters: Interpreters, tmp_path: Path) -> Site:
    """With each version of compressor."""
    return Site(interpreters(request.param), tmp_path)


@pytest.fixture
def newest(interpreters: Interpreters, tmp_path: Path) -> Site:
    """With the newest compressor only."""
    return Site(interpreters(COMPRESSORS[-1]), tmp_path)


def test_offline_output_is_a_file_of_the_release(site: Site) -> None:
    project = shape(OFFLINE)
    manifest = site.release(project, "r1")
    before = site.files()

    html = site.render(project, "r1")

    name = output(html)
    assert manifest["paths"][name] == name
    css = (site.static / "pool" / name).read_text()
    dot, other = manifest["paths"]["img/dot.gif"], manifest["paths"]["css/y.css"]
    assert f'url("/assets/{dot}")' in css and f"/assets/{other}" in css
    assert "var answer=42" in html
    assert site.files() == before
    assert not [file for file in before if file.endswith("CACHE/manifest.json")]


def test_what_is_published_already_is_compressed_all_the_same(newest: Site) -> None:
    first = newest.release(shape(OFFLINE), "r1")
    memory = newest.folder / "staging" / "memory.json"
    memory.rename(newest.static / "collected.json")
    newest.options = ("--published", str(newest.static))
    assert newest.release(shape(OFFLINE), "r2") == first


def test_same_source_collected_later_gives_the_same_release(newest: Site) -> None:
    first = newest.release(shape(OFFLINE), "r1")
    for path in (newest.folder / "project").rglob("*.*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert newest.release(shape(OFFLINE), "r2") == first


def test_each_process_names_the_outputs_of_its_own_release(newest: Site) -> None:
    old, new = shape(OFFLINE), shape(OFFLINE)
    new = replace(new, files={**new.files, "library/static/css/x.css": "p { color: red }\n"})
    newest.release(old, "r1")
    newest.release(new, "r2")
    first, second = (output(newest.render(old, release)) for release in ("r1", "r2"))
    assert first != second
    assert "red" in (newest.static / "pool" / second).read_text()
    assert "red" not in (newest.static / "pool" / first).read_text()


def test_offline_without_hashed_names_still_names_outputs_by_their_hash(newest: Site) -> None:
    newest.storage = "default"
    project = shape(OFFLINE)
    manifest = newest.release(project, "r1")
    name = output(newest.render(project, "r1"))
    assert manifest["paths"] == {name: name}
    assert re.search(r"dot\.gif\?[0-9a-f]{12}", (newest.static / "pool" / name).read_text())


def test_offline_with_django_s_manifest_and_with_the_projects_own(newest: Site) -> None:
    own = (
        "STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage."
        "ManifestStaticFilesStorage'}, 'compressor': {'BACKEND': "
        "'compressor.storage.GzipCompressorFileStorage'}}\n"
    )
    for storage in ("manifest", "project"):
        newest.storage = storage
        project = shape(OFFLINE + own)
        manifest = newest.release(project, storage)
        assert output(newest.render(project, storage)) in manifest["paths"]
        assert not list((newest.folder / "staging").rglob("*.gz"))


def test_offline_reads_jinja2_templates_too(newest: Site) -> None:
    project = shape(OFFLINE + JINJA)
    files = {**project.files, "library/jinja2/second.html": JINJA_PAGE}
    project = replace(project, files=files)
    manifest = newest.release(project, "r1")
    assert output(newest.render(project, "r1", "second.html")) in manifest["paths"]


def test_a_project_without_blocks_is_released_with_a_note(newest: Site) -> None:
    code, document = newest.collect(shape(OFFLINE, page="<html></html>"))
    assert code == 0
    assert "no {% compress %}" in " ".join(document["notes"])


def test_a_release_from_before_offline_says_to_release_again(newest: Site) -> None:
    newest.release(shape(SETTINGS), "r1")
    project = shape(OFFLINE)
    project.write(newest.folder / "project")
    result = newest.run(project, "r1", "-c", RENDER.format("page.html"))
    assert "r1.json holds no offline manifest of django-compressor" in result.stderr
    assert "Release again" in result.stderr


def test_compress_at_the_start_of_a_container_writes_nothing(site: Site) -> None:
    project = shape(OFFLINE)
    site.release(project, "r1")
    html, before = site.render(project, "r1"), site.files()
    result = site.run(project, "r1", "manage.py", "compress", "--force")
    assert result.returncode == 0, result.stderr
    assert site.files() == before
    assert site.render(project, "r1") == html


def test_variable_switches_a_project_to_offline(site: Site) -> None:
    project = shape(SETTINGS)
    manifest = site.release(project, "r1", STOWAGE_COMPRESSOR_OFFLINE="1")
    name = output(site.render(project, "r1", STOWAGE_COMPRESSOR_OFFLINE="1"))
    assert manifest["paths"][name] == name
    assert not list((site.static / "generated").rglob("*.css"))


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        pytest.param(
            '<link rel="stylesheet" href="{{ theme }}">', "theme in page.html", id="a_variable"
        ),
        pytest.param(
            BLOCK + "{% if user.is_staff %}<style>p { top: 0 }</style>{% endif %}",
            "user in page.html",
            id="a_condition",
        ),
        pytest.param(
            '<link rel="stylesheet" href="{% static "css/none.css" %}">',
            "during rendering page.html: Missing staticfiles manifest entry for 'css/none.css'",
            id="a_missing_file",
        ),
        pytest.param(
            '<link rel="stylesheet" href="https://cdn.example.com/x.css">',
            "during rendering page.html: 'https://cdn.example.com/x.css' isn't accessible",
            id="a_file_elsewhere",
        ),
    ],
)
def test_block_that_depends_on_the_request_stops_the_switch(
    block: str, problem: str, newest: Site
) -> None:
    project = shape(SETTINGS, page=page(block))
    code, document = newest.collect(project, STOWAGE_COMPRESSOR_OFFLINE="1")
    assert code == 4
    assert problem in document["error"]
    assert "set static_files_compressor_offline_enabled to false" in document["error"]


def test_values_of_the_offline_context_are_known(newest: Site) -> None:
    context = (
        "COMPRESS_OFFLINE_CONTEXT = [{'theme': 'x', 'sheets': ['x', 'y']}, "
        "{'theme': 'y', 'sheets': ['y']}]\n"
    )
    block = (
        "{% for sheet in sheets %}<style>{{ sheet }} { top: {{ forloop.counter }}px }</style>"
        "{% endfor %}{% if theme == 'y' or None %}<style>b { left: 0 }</style>{% endif %}"
    )
    project = shape(SETTINGS + context, page=page(block))
    manifest = newest.release(project, "r1", STOWAGE_COMPRESSOR_OFFLINE="1")
    assert len([name for name in manifest["paths"] if name.startswith("CACHE/css/")]) == 2


def test_error_of_a_project_that_is_offline_by_itself_names_the_template(newest: Site) -> None:
    block = '<link rel="stylesheet" href="{% static "css/none.css" %}">'
    code, document = newest.collect(shape(OFFLINE, page=page(block)))
    assert code == 4
    assert "COMPRESS_OFFLINE" in document["error"] and "page.html" in document["error"]
