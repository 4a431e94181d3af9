"""Files that are minified before they are hashed, and files whose bundler has hashed them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.stowage_django.collecting import collect
from tests.unit.stowage_django.conftest import Interpreters
from tests.unit.stowage_django.shapes import LIBRARY
from tests.unit.stowage_django.test_collect_incremental import COUNT, Site

SCRIPT = "// a comment\nfunction f ( a ) {\n    return a + 1;\n}\n"
SMALLER = "function f(a){return a+1;}"


@pytest.fixture
def site(interpreters: Interpreters, tmp_path: Path) -> Site:
    return Site(interpreters("5.2-packages"), tmp_path)


def test_files_are_minified_before_they_are_hashed_and_rewritten(site: Site) -> None:
    (site.static / "js/app.js").write_text(SCRIPT)
    (site.static / "js/module.mjs").write_text(SCRIPT)
    (site.static / "js/done.min.js").write_text(SCRIPT)
    (site.static / "js/small.js").write_text("a")
    (site.static / "js/latin.mjs").write_bytes(b"// \xe4\nf ( a )")
    files = collect(site.python, site.folder, site.shape, options=["--minify", "css,js"]).files
    latin = [files.pop(name) for name in list(files) if "latin" in name]
    assert latin == [b"// \xe4\nf ( a )"] * 2
    plain = {name: content.decode() for name, content in files.items()}
    assert plain["js/app.js"].strip() == plain["js/module.mjs"].strip() == SMALLER
    assert plain["js/done.min.js"] == SCRIPT and plain["js/small.js"] == "a"
    assert plain["css/x.css"] == '@import "y.css";body{background:url("../img/dot.gif")}'
    manifest = json.loads((site.folder / "staging/manifest.json").read_text())["paths"]
    assert plain[manifest["js/app.js"]] == plain["js/app.js"]
    assert plain[manifest["css/x.css"]].startswith('@import url("y.')


def test_only_the_kinds_that_are_wished_are_minified(site: Site) -> None:
    (site.static / "js/app.js").write_text(SCRIPT)
    files = collect(site.python, site.folder, site.shape, options=["--minify", "css"]).files
    assert files["js/app.js"].decode() == SCRIPT
    assert files["css/y.css"] == b"body{color:black}"


def test_what_was_minified_is_not_minified_again(site: Site) -> None:
    (site.static / "js/app.js").write_text(SCRIPT)
    first = site.release("--minify", "css,js")
    second = site.collect("--minify", "css,js")
    assert (second.paths, second.plain, second.names) == (first.paths, first.plain, [])
    # Where the server has lost the minified text, it is made again.
    (site.published / "plain" / first.plain["css/x.css"]).unlink()
    assert site.collect("--minify", "css,js").files == {"css/x.css": first.files["css/x.css"]}
    # A minifier that must not be asked.
    (site.static / "css/x.css").write_text("u{x:y}")
    site.release("--minify", "css,js")
    for package, version in site.memory()["key"][4].items():
        text = f"__version__ = {version!r}\ndef cssmin(text): raise SystemExit\njsmin = cssmin\n"
        (site.folder / "project" / f"{package}.py").write_text(text)
    assert site.collect("--minify", "css,js").names == []
    with pytest.raises(AssertionError):
        (site.static / "css/x.css").write_text("p { q: r }")
        site.collect("--minify", "css,js")


def test_memory_of_minified_files_is_of_no_use_without_the_wish(site: Site) -> None:
    (site.static / "js/app.js").write_text(SCRIPT)
    first = site.release("--minify", "css,js")
    third = site.collect()
    assert third.files["css/x.css"].decode() == LIBRARY["library/static/css/x.css"]
    assert third.paths["js/app.js"] != first.paths["js/app.js"]


def test_missing_package_is_named_with_the_variable(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    site = Site(interpreters("5.2"), tmp_path)
    collected = site.try_to_collect("--minify", "js")
    assert collected.code == 2
    error = collected.document["error"]
    assert "static_files_minify has 'js', which needs the package rjsmin" in error


OWN = ("--own-hashes", "vite/*", "*.[0-9a-f][0-9a-f][0-9a-f][0-9a-f].bundle.*")


def test_files_with_hashes_of_their_own_are_taken_as_they_are(site: Site) -> None:
    css = 'a { background: url("gone.png") }\n'
    (site.static / "vite/assets").mkdir(parents=True)
    (site.static / "vite/assets/index-4f2a9c1b.css").write_text(css)
    (site.static / "js/app.12ab.bundle.js").write_text(SCRIPT)
    (site.static / "css/y.css").write_text('a{b:url("../vite/assets/index-4f2a9c1b.css")}')
    first = site.release("--minify", "js", *OWN)
    for name in ("vite/assets/index-4f2a9c1b.css", "js/app.12ab.bundle.js"):
        assert first.paths[name] == name
    assert first.files["js/app.12ab.bundle.js"].decode() == SCRIPT
    assert first.files["vite/assets/index-4f2a9c1b.css"].decode() == css
    rewritten = first.files[first.paths["css/y.css"]].decode()
    assert rewritten == 'a{b:url("../vite/assets/index-4f2a9c1b.css")}'
    assert first.document["files"] == COUNT + 2 and first.document["hashed"] == COUNT
    assert site.collect("--minify", "js", *OWN).names == []


@pytest.mark.parametrize("remembered", [True, False], ids=["remembered", "memory_lost"])
def test_own_hash_with_other_content_than_published_is_an_error(
    remembered: bool, site: Site
) -> None:
    (site.static / "vite").mkdir()
    (site.static / "vite/app-1234.js").write_text("one")
    site.release(*OWN)
    if not remembered:
        (site.published / "collected.json").unlink()
    assert site.collect(*OWN).document["staged"] == 0
    (site.static / "vite/app-1234.js").write_text("two")
    collected = site.try_to_collect(*OWN)
    assert collected.code == 4
    error = collected.document["error"]
    assert "vite/app-1234.js has other content than the published file of this name" in error
    assert "static_files_own_hashes" in error
