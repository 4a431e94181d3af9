"""The application serves the pool: asked through Django's clients and a real server."""

from __future__ import annotations

import gzip
import http.client
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.stowage_django.conftest import Interpreters
from tests.unit.stowage_django.pool_site import (
    CSS,
    CSS_TEXT,
    HASH,
    IMMUTABLE,
    URLS,
    VERSIONS,
    Served,
    Site,
    get,
    make,
)
from tests.unit.stowage_django.shapes import plain


@pytest.fixture
def site(interpreters: Interpreters, tmp_path: Path) -> Site:
    return make(interpreters("5.2"), tmp_path)


@pytest.fixture(scope="module")
def served(
    interpreters: Interpreters, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    process = make(interpreters("5.2"), tmp_path_factory.mktemp("served")).start("sync")
    yield Served(process)
    _, stderr = process.communicate("", timeout=30)
    # A name that is served by nobody is a line in Django's log, and no error.
    assert process.returncode == 0 and "Traceback" not in stderr, stderr


@pytest.mark.parametrize("way", ["sync", "async", "asgi"])
@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_each_place_is_served_with_its_headers(
    version: str, way: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    site = make(interpreters(version), tmp_path)
    answers = site.ask(
        get(CSS),
        get(CSS, Accept_Encoding="gzip, deflate, br"),
        get("/assets/css/site.css", Accept_Encoding="gzip"),
        get("/assets/CACHE/css/output.css"),
        get("/assets/css/none.css"),
        get("/assets/view.txt"),
        get("/"),
        get(CSS, "POST"),
        get(CSS, "HEAD"),
        get(CSS, Range="bytes=5-9"),
        way=way,
    )
    pool, packed, current, generated, missing, view, page, post, head, part = answers
    assert (pool.status, pool.body, pool.headers["cache-control"]) == (200, CSS_TEXT, IMMUTABLE)
    assert pool.headers["content-type"] == "text/css; charset=utf-8"
    assert pool.headers["x-content-type-options"] == "nosniff"
    assert pool.headers["vary"] == "Accept-Encoding"
    assert "access-control-allow-origin" not in pool.headers
    assert (packed.body, packed.headers["content-encoding"]) == ("as brotli packs it", "br")
    assert (current.status, current.body) == (200, "first")
    assert current.headers["cache-control"] == "public, max-age=60"
    assert "content-encoding" not in current.headers and "vary" not in current.headers
    assert (generated.body, generated.headers["cache-control"]) == ("made", "public, max-age=60")
    assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")
    assert (view.body, page.body) == ("the view", "the page")
    assert (post.status, post.headers["allow"]) == (405, "GET, HEAD")
    assert (head.status, head.body) == (200, "")
    assert head.headers["content-length"] == str(len(CSS_TEXT))
    assert (part.status, part.body) == (206, CSS_TEXT[5:10])
    assert [answer.open for answer in answers] == [0] * len(answers)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/assets/../secret/key.txt", id="parent"),
        pytest.param("/assets/css/../../secret/key.txt", id="parent_within"),
        pytest.param("/assets/%2e%2e/secret/key.txt", id="parent_encoded"),
        pytest.param(f"/assets//css/site.{HASH}.css", id="empty_part"),
        pytest.param(f"/assets/./css/site.{HASH}.css", id="dot"),
        pytest.param(f"/assets/css\\site.{HASH}.css", id="backslash"),
        pytest.param("/assets/css/site.css%00.txt", id="nul"),
        pytest.param("/assets/.git/HEAD", id="hidden_folder"),
        pytest.param("/assets/css/.hidden.css", id="hidden_file"),
        pytest.param("/assets/staticfiles.json", id="manifest"),
        pytest.param("/assets/out.txt", id="link_out_of_pool_and_release"),
        pytest.param("/assets/folder/key.txt", id="linked_folder"),
        pytest.param("/assets/pipe.txt", id="pipe"),
        pytest.param("/assets/css", id="directory"),
        pytest.param("/assets/css/", id="directory_with_slash"),
        pytest.param("/assets/", id="root"),
        pytest.param("/assets/" + "x" * 300, id="name_too_long"),
        pytest.param("/assets/css/site.css/x", id="below_a_file"),
        pytest.param("/assets/%ff%fe.css", id="no_utf8"),
    ],
)
def test_what_is_no_static_file_is_not_served(path: str, served: Served) -> None:
    (answer,) = served.ask([path, {}])
    assert (answer.status, answer.headers["cache-control"]) == (404, "no-store")


def test_what_changes_while_the_process_runs_is_seen_at_once(site: Site) -> None:
    later = f"/assets/css/later.{HASH}.css"
    path = f"pool/css/later.{HASH}.css"
    answers = site.ask(
        get(later),
        f"echo -n published > {path}",
        get(later),
        f"echo -n packed > {path}.gz",
        get(later, Accept_Encoding="gzip"),
        f"echo -n 'repaired with another size' > {path}.new && mv {path}.new {path}",
        get(later),
        f"rm {path}",
        get(later),
        get(later, Accept_Encoding="gzip"),
        get("/assets/css/site.css"),
        "ln -s releases/r2 new && mv -T new current",
        get("/assets/css/site.css"),
        "rm current",
        get("/assets/css/site.css"),
    )
    assert [(answer.status, answer.body) for answer in answers if answer.status == 200] == [
        (200, "published"),
        (200, "packed"),
        (200, "repaired with another size"),
        (200, "first"),
        (200, "second release"),
    ]
    assert [answer.status for answer in answers] == [404, 200, 200, 200, 404, 404, 200, 200, 404]


@pytest.mark.parametrize(
    ("wanted", "url", "coding"),
    [
        pytest.param("gzip, br", CSS, "br", id="brotli_first"),
        pytest.param("br;q=0.1, gzip;q=1.0", CSS, "br", id="whatever_the_weights"),
        pytest.param("gzip", CSS, "gzip", id="gzip"),
        pytest.param("br;q=0, gzip", CSS, "gzip", id="brotli_ruled_out"),
        pytest.param("gzip ; q=0.000", CSS, None, id="gzip_ruled_out"),
        pytest.param("*", CSS, None, id="any"),
        pytest.param("", CSS, None, id="empty"),
        pytest.param("brotli, gzipped", CSS, None, id="other_words"),
        pytest.param("br", f"/assets/css/only.{HASH}.css", None, id="no_such_variant"),
        pytest.param("br, GZIP", f"/assets/css/only.{HASH}.css", "gzip", id="the_one_there_is"),
    ],
)
def test_coding_is_one_that_the_client_takes(
    wanted: str, url: str, coding: str | None, served: Served
) -> None:
    (answer,) = served.ask(get(url, Accept_Encoding=wanted))
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    if coding == "gzip":
        assert gzip.decompress(answer.body.encode("latin-1")).decode() == CSS_TEXT


def test_types_and_origins(served: Served) -> None:
    kinds = {
        "mjs": "text/javascript; charset=utf-8",
        "map": "application/json",
        "webmanifest": "application/manifest+json",
        "svg": "image/svg+xml",
        "wasm": "application/wasm",
        "html": "text/html; charset=utf-8",
        "woff2": "font/woff2",
        "woff": "font/woff",
        "ttf": "font/ttf",
        "eot": "application/vnd.ms-fontobject",
    }
    answers = served.ask(*(get(f"/assets/kinds/x.{HASH}.{kind}") for kind in kinds))
    assert [answer.headers["content-type"] for answer in answers] == list(kinds.values())
    fonts = [answer.headers.get("access-control-allow-origin") for answer in answers]
    assert fonts == [None] * 6 + ["*"] * 4


def test_a_file_with_its_bundlers_hash_is_immutable(served: Served) -> None:
    (answer,) = served.ask(get("/assets/dist/app-BxK9aQ.js"))
    assert (answer.body, answer.headers["cache-control"]) == ("own hash", IMMUTABLE)


def test_a_generated_file_with_a_hash_is_immutable(served: Served) -> None:
    (answer,) = served.ask(get(f"/assets/CACHE/css/output.{HASH}.css"))
    assert (answer.body, answer.headers["cache-control"]) == ("made of these", IMMUTABLE)


def test_conditions(served: Served) -> None:
    plain_answer, packed = served.ask(get(CSS), get(CSS, Accept_Encoding="br"))
    etag, other = plain_answer.headers["etag"], packed.headers["etag"]
    modified = plain_answer.headers["last-modified"]
    assert etag != other
    asked: list[tuple[int, dict[str, str]]] = [
        (304, {"If-None-Match": etag}),
        (304, {"If-None-Match": f'"x", W/{etag}'}),
        (304, {"If-None-Match": "*"}),
        (200, {"If-None-Match": other}),
        (304, {"If-None-Match": other, "Accept-Encoding": "br"}),
        (304, {"If-Modified-Since": modified}),
        (200, {"If-Modified-Since": "Thu, 01 Jan 2099 00:00:00 GMT"}),
        (200, {"If-Modified-Since": "yesterday"}),
        (200, {"If-None-Match": '"x"', "If-Modified-Since": modified}),
    ]
    answers = served.ask(*([CSS, {"headers": headers}] for _, headers in asked))
    assert [answer.status for answer in answers] == [status for status, _ in asked]
    first = answers[0]
    assert (first.headers["etag"], first.headers["cache-control"]) == (etag, IMMUTABLE)
    assert first.headers["vary"] == "Accept-Encoding"
    assert "content-type" not in first.headers and first.body == ""


@pytest.mark.parametrize(
    ("name", "header", "status", "content_range"),
    [
        pytest.param(CSS, "bytes=0-0", 206, "bytes 0-0/880", id="one_byte"),
        pytest.param(CSS, "bytes=870-", 206, "bytes 870-879/880", id="to_the_end"),
        pytest.param(CSS, "bytes=-10", 206, "bytes 870-879/880", id="from_the_end"),
        pytest.param(CSS, "bytes=-9999", 206, "bytes 0-879/880", id="more_than_there_is"),
        pytest.param(CSS, "bytes=5-99999", 206, "bytes 5-879/880", id="beyond_the_end"),
        pytest.param(CSS, "bytes=880-", 416, "bytes */880", id="behind_the_end"),
        pytest.param(CSS, "bytes=-0", 416, "bytes */880", id="none_of_it"),
        pytest.param(CSS, "bytes=9-5", 200, None, id="backwards"),
        pytest.param(CSS, "bytes=0-1,3-4", 200, None, id="two_ranges"),
        pytest.param(CSS, "lines=0-1", 200, None, id="another_unit"),
        pytest.param(CSS, "bytes=-", 200, None, id="nothing_said"),
        pytest.param(f"/assets/one.{HASH}.txt", "bytes=0-", 206, "bytes 0-0/1", id="file_of_one"),
        pytest.param(f"/assets/empty.{HASH}.txt", "bytes=0-", 416, "bytes */0", id="empty_file"),
    ],
)
def test_ranges(
    name: str, header: str, status: int, content_range: str | None, served: Served
) -> None:
    (answer,) = served.ask(get(name, Range=header))
    assert (answer.status, answer.headers.get("content-range")) == (status, content_range)
    if status == 206 and content_range is not None:
        first, last = content_range.split()[1].split("/")[0].split("-")
        whole = CSS_TEXT if name == CSS else "1"
        assert answer.body == whole[int(first) : int(last) + 1]
        assert answer.headers["content-length"] == str(len(answer.body))
    if status == 416:
        assert answer.headers["cache-control"] == "no-store"
    assert answer.open == 0


def test_a_part_is_sent_only_of_the_file_that_the_client_knows(served: Served) -> None:
    (whole,) = served.ask(get(CSS))
    same, dated, packed, unknown = served.ask(
        get(CSS, Range="bytes=0-3", If_Range=whole.headers["etag"]),
        get(CSS, Range="bytes=0-3", If_Range=whole.headers["last-modified"]),
        get(CSS, Range="bytes=0-3", If_Range=whole.headers["etag"], Accept_Encoding="br"),
        get(CSS, Range="bytes=0-3", If_Range='"x"'),
    )
    assert [same.status, dated.status, packed.status, unknown.status] == [206, 206, 200, 200]


OWN = """
WHITENOISE_ROOT = os.path.join(BASE_DIR, "public")
WHITENOISE_MIMETYPES = {".js": "application/x-own"}
WHITENOISE_MAX_AGE = 5
def WHITENOISE_ADD_HEADERS_FUNCTION(headers, path, url):
    headers["X-Own"] = f"{os.path.getsize(path)} {url}"
MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE]
"""


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("debug", ["False", "True"], ids=["", "debug"])
def test_the_projects_own_settings_for_whitenoise_keep_their_effect(
    debug: str, way: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    shape = plain(f"DEBUG = {debug}\n{OWN}", project__urls=URLS)
    site = make(interpreters("5.2"), tmp_path, shape)
    (tmp_path / "project" / "public").mkdir(parents=True)
    (tmp_path / "project" / "public" / "robots.txt").write_text("robots")
    shape.write(tmp_path / "project")
    robots, script, source, page = site.ask(
        get("/robots.txt"),
        get("/assets/dist/app-BxK9aQ.js"),
        get("/assets/css/x.css"),
        get("/"),
        way=way,
    )
    assert (robots.body, robots.headers["cache-control"]) == ("robots", "max-age=5, public")
    assert script.headers["content-type"] == "application/x-own"
    assert script.headers["x-own"] == "8 /assets/dist/app-BxK9aQ.js"
    assert source.status == 404, "a file of the source that was never released"
    assert page.body == "the page"


@pytest.mark.parametrize(
    ("choice", "css", "font"),
    [pytest.param("True", "*", "*", id="all"), pytest.param("False", None, None, id="none")],
)
def test_the_projects_choice_of_origins_stays(
    choice: str, css: str | None, font: str | None, interpreters: Interpreters, tmp_path: Path
) -> None:
    shape = plain(f"WHITENOISE_ALLOW_ALL_ORIGINS = {choice}\n", project__urls=URLS)
    site = make(interpreters("5.2"), tmp_path, shape)
    answers = site.ask(get(CSS), get(f"/assets/kinds/x.{HASH}.woff2"))
    origins = [answer.headers.get("access-control-allow-origin") for answer in answers]
    assert origins == [css, font]


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_without_the_package_the_application_runs_and_leaves_files_to_nginx(
    version: str, way: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    absent = "raise ModuleNotFoundError('No module named whitenoise', name='whitenoise')\n"
    shape = plain(project__urls=URLS, whitenoise=absent)
    site = make(interpreters(version), tmp_path, shape)
    css, page = site.ask(get(CSS), get("/"), way=way)
    assert (css.status, page.body) == (404, "the page")


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_through_a_real_server(version: str, interpreters: Interpreters, tmp_path: Path) -> None:
    site = make(interpreters(version), tmp_path)
    content = os.urandom(1_500_000)
    (site.static / "pool" / f"big.{HASH}.bin").write_bytes(content)
    process = site.start("serve")
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        for method, headers, status, body in [
            ("GET", {}, 200, content),
            ("HEAD", {}, 200, b""),
            ("GET", {"Range": "bytes=1000-1400000"}, 206, content[1000:1400001]),
            ("GET", {"If-None-Match": "*"}, 304, b""),
        ]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request(method, f"/assets/big.{HASH}.bin", headers=headers)
            response = connection.getresponse()
            assert (response.status, response.read()) == (status, body)
            connection.close()
    finally:
        process.communicate("", timeout=30)


@pytest.mark.parametrize("way", ["async", "asgi"])
def test_a_big_file_through_an_asynchronous_server(way: str, site: Site) -> None:
    content = os.urandom(1_500_000)
    (site.static / "pool" / f"big.{HASH}.bin").write_bytes(content)
    (answer,) = site.ask(get(f"/assets/big.{HASH}.bin"), way=way)
    assert (answer.body.encode("latin-1") == content, answer.open) == (True, 0)
