"""django-compressor at a request, its default: outputs go into `generated`, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.stowage_django.compressor_site import (
    COMPRESSORS,
    OFFLINE,
    SETTINGS,
    Site,
    output,
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


def test_request_time_output_is_written_into_generated_only(site: Site) -> None:
    project = shape(SETTINGS)
    manifest = site.release(project, "r1")
    assert "compressor" not in manifest
    before = site.files()

    html = site.render(project, "r1")

    name = output(html)
    after = site.files()
    assert set(after) - set(before) == {f"static/generated/{name}"}
    assert {file: after[file] for file in before} == before
    written = site.static / "generated" / name
    assert manifest["paths"]["img/dot.gif"] in written.read_text()
    assert written.stat().st_mode & 0o777 == 0o644, "nginx is another user"
    assert written.parent.stat().st_mode & 0o777 == 0o755
    assert site.render(project, "r1") == html
    assert site.files() == after, "what is there once is not written again"


def test_request_time_reads_the_release_that_the_process_belongs_to(newest: Site) -> None:
    newest.storage = "default"
    old, new = shape(SETTINGS), shape(SETTINGS)
    new = replace(new, files={**new.files, "library/static/css/x.css": "p { color: red }\n"})
    newest.release(old, "r1")
    newest.release(new, "r2")
    (newest.static / "current").symlink_to("releases/r2")
    first = newest.static / "generated" / output(newest.render(old, "r1"))
    second = newest.static / "generated" / output(newest.render(old, "r2"))
    assert "red" in second.read_text() and "red" not in first.read_text()


def test_output_of_an_older_release_in_the_pool_is_written_again(newest: Site) -> None:
    """The pool's copy goes when the release that brought it does."""
    offline, project = shape(OFFLINE), shape(SETTINGS)
    newest.release(offline, "r1")
    newest.release(project, "r2")
    name = output(newest.render(project, "r2"))
    assert (newest.static / "pool" / name).exists()
    assert (newest.static / "generated" / name).exists()


def test_output_is_never_seen_half_written(newest: Site) -> None:
    project = shape(SETTINGS)
    newest.release(project, "r1")
    code = """\
import os, project.wsgi
from compressor.storage import default_storage
from django.core.files.base import ContentFile
class Slow(ContentFile):
    def chunks(self, chunk_size=None):
        yield b"first half "
        print(default_storage.exists("CACHE/css/a.0123456789ab.css"))
        yield b"second half"
default_storage.save("CACHE/css/a.0123456789ab.css", Slow(b"x"))
print(open(default_storage.path("CACHE/css/a.0123456789ab.css")).read())
print(os.listdir(os.path.dirname(default_storage.path("CACHE/css/a.0123456789ab.css"))))
"""
    result = newest.run(project, "r1", "-c", code)
    assert result.stdout.splitlines() == [
        "False",
        "first half second half",
        "['a.0123456789ab.css']",
    ], result.stderr


@pytest.mark.parametrize("settings", [SETTINGS, OFFLINE], ids=["request", "offline"])
def test_the_hook_leads_to_the_same(settings: str, newest: Site) -> None:
    project = shape(settings)
    newest.way = "hook"
    newest.release(project, "r1")
    by_hook = output(newest.render(project, "r1"))
    newest.way = "settings"
    newest.release(project, "r2")
    assert output(newest.render(project, "r2")) == by_hook
    assert (newest.static / "generated" / by_hook).exists() == (settings == SETTINGS)


def test_rollback_over_the_switch_to_offline_works_both_ways(newest: Site) -> None:
    project = shape(SETTINGS)
    newest.release(project, "before")
    newest.release(project, "after", STOWAGE_COMPRESSOR_OFFLINE="1")
    name = output(newest.render(project, "before", STOWAGE_COMPRESSOR_OFFLINE="1"))
    assert (newest.static / "generated" / name).exists()
    assert output(newest.render(project, "after", STOWAGE_COMPRESSOR_OFFLINE="0")) == name
