"""The incremental collector's outcome is Django's: the same manifest and the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.unit.stowage_django.collecting import collect
from tests.unit.stowage_django.conftest import Interpreters
from tests.unit.stowage_django.djangos import REPOSITORY, VERSIONS
from tests.unit.stowage_django.shapes import SHAPES, Shape, plain

CSS = """\
@charset "utf-8";
@import 'deep/b.css';
@import url(deep/c.css);
@import "//elsewhere.example/x.css"; /* url(../img/dot.gif) */
a { background: url(../img/dot.gif) } b { background: url("  ../img/dot.gif") }
c { background: URL('../img/dot.gif') } d { background: url(data:image/gif;base64,R0lGOD==) }
e { background: url(/assets/img/dot.gif) } f { background: url(/elsewhere/dot.gif) }
g { background: url(https://elsewhere.example/dot.gif) } h { background: url(#local) }
@font-face { src: url("../img/dot.gif?#iefix") format("x"), url(../img/dot.gif#part) format("y") }
i { background: url(../img/dot.gif?v=1) } j { background: url("../img/dot.gif?v=2#part") }
k { background: url(../img) } l { background: url(../img/) } m { background: url("") }
n { background: url(.././css/../img/dot.gif) } o { background: url("../img/with%20space.png") }
p { background: url('../img/%C3%BCber.png') } q { background: url(../img/what%3F.png) }
r { background: url(
  ../img/dot.gif
) } s { content: "url(../img/dot.gif)" }
/*# sourceMappingURL=x.css.map */
"""
JS = """\
import first from "./b.mjs.js";
import { a, b } from './b.mjs.js';
import * as all from "./b.mjs.js";
import react from "react";
const later = () => import("./c.js"); // import "./commented.js"
const text = `import x from "./b.mjs.js"`;
//# sourceMappingURL=a.js.map
"""
EXPORTS = 'export { d } from "./c.js";\nexport * from "./b.mjs.js";\n'
# The expressions of Django before 6.1 take `import ... from` for one statement, and others match in
# it once more.
SPANNING = 'import "./c.js";\nimport "./b.mjs.js";\nexport { a } from "./b.mjs.js";\n'
# Names with a meaning in URLs or to os.path; no directory has a file whose name is another's hash.
ODD_NAMES = (
    *("with space.png", "über.png", "what?.png", "a#b.png", "100%.png", "a%20b.png", "a;b.png"),
    *("a&b=c.png", "a:b.png", "http:x.png", "what?#.png", "no-extension", "two..dots", "dot.", "-"),
    *("a.tar.gz", "'quoted'.png", "x.CSS", "trailing.png ", " leading.png"),
    *("%41.png", "[a].png", "a@2x.png", "a+b.png", "a~b.png", "日本.png"),
)
# Ignored by Django.
PRIVATE = (".hidden.css", "backup.css~", "CVS/Entries", ".git/HEAD", "CVS.txt~")


def library(files: Mapping[str, str]) -> dict[str, str]:
    return {f"library/static/{name}": text for name, text in files.items()}


RICH = library(
    {
        "css/x.css": CSS,
        "css/x.css.map": "{}",
        "css/deep/b.css": '@import "../y.css"; a { background: url(../../img/dot.gif) }',
        "css/deep/c.css": '@import "b.css";\r\nb { color: red }\r\n',
        "css/empty.css": "",
        "css/bom.css": '\ufeff@import "y.css";',
        "js/a.js": JS,
        "js/a.js.map": "{}",
        "js/exports.js": EXPORTS,
        "js/bare.js": 'import "./c.js";\nimport "./b.mjs.js";\n',
        "js/b.mjs.js": "export const a = 1, b = 2; export default 3;\n",
        "js/c.js": 'import { a } from "./b.mjs.js"; export const d = a;\n',
        "js/d.js": "//# sourceMappingURL=data:application/json;base64,e30=\n",
        "js/module.mjs": 'import "./c.js";\n',
        **{f"img/{name}": f"content of {name}" for name in ODD_NAMES},
        **{name: f"content of {name} at the root" for name in ODD_NAMES},
        **dict.fromkeys(PRIVATE, "private"),
    }
)
AGGREGATION = """\
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
class Modules(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
"""
OVERRIDING = {
    # A later folder's file of the same name, and one below a prefix.
    "first/css/y.css": "body { color: first }\n",
    "second/css/y.css": "body { color: second }\n",
    "second/css/z.css": '@import "y.css";',
    "third/x.css": "a { background: url(y.gif) }",
    "third/y.gif": "GIF89a",
}
FINDER = """\
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseStorageFinder
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, InMemoryStorage, Storage
class Memory(InMemoryStorage):
    prefix = "memory"
    def __init__(self):
        super().__init__()
        self.save("m.css", ContentFile(b"a { background: url(m.gif) }"))
        self.save("m.gif", ContentFile(b"GIF89a"))
class MemoryFinder(BaseStorageFinder):
    storage = Memory
    def list(self, ignore_patterns):
        yield from ((name, self.storage) for name in ("m.css", "m.gif"))
class Shouting(FileSystemStorage):
    def _open(self, name, mode="rb"):
        return ContentFile(super()._open(name, mode).read().replace(b"body", b"BODY"))
class ShoutingFinder(AppDirectoriesFinder):
    storage_class = Shouting
"""


def assert_equal(
    python: Path,
    folder: Path,
    shape: Shape,
    storage: str = "release_manifest",
    way: str = "settings",
) -> dict[str, str]:
    """Collect by Django's own command and by ours, and compare; returns the manifest's names."""
    outcomes = {}
    for collector in ("django", "stowage"):
        place = folder / collector
        place.mkdir(parents=True)
        collected = collect(python, place, shape, storage, way, ["--collector", collector])
        assert collected.code == 0, collected.stderr
        assert collected.document["collector"] == collector
        outcomes[collector] = collected
    django, ours = outcomes["django"], outcomes["stowage"]
    assert ours.paths == django.paths
    assert ours.files == django.files
    for figure in ("files", "hashed", "staged"):
        assert ours.document[figure] == django.document[figure], figure
    return ours.paths


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
@pytest.mark.parametrize("modules", [False, True], ids=["plain", "js_module_aggregation"])
def test_rich_project_is_collected_as_by_django(
    modules: bool, version: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    extra = "STORAGES = {'staticfiles': {'BACKEND': 'library.statics.Modules'}}\n"
    shape = plain(extra if modules else "", library__statics=AGGREGATION)
    paths = assert_equal(interpreters(version), tmp_path, Shape({**shape.files, **RICH}))
    assert set(ODD_NAMES) < set(paths) and not set(PRIVATE) & set(paths)
    script = (tmp_path / "stowage/staging/tree" / paths["js/a.js"]).read_text()
    assert (Path(paths["js/c.js"]).name in script) == modules


@pytest.mark.parametrize("name", SHAPES)
def test_projects_of_all_shapes_are_collected_as_by_django(
    name: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    way = "settings" if "settings" in SHAPES[name].ways else "hook"
    assert_equal(interpreters("5.2"), tmp_path, SHAPES[name], way=way)


def test_storage_manifest_is_collected_as_by_django(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    shape = Shape({**plain().files, **RICH})
    assert_equal(interpreters("5.2"), tmp_path, shape, "manifest")


@pytest.mark.parametrize("version", ["4.2", "6.1"])
def test_finders_folders_and_prefixes_are_djangos(
    version: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    extra = (
        "STATICFILES_DIRS = [BASE_DIR + '/first', BASE_DIR + '/second', BASE_DIR + '/absent',"
        f" ('p/q', BASE_DIR + '/third'), ('demo', {str(REPOSITORY / 'demo' / 'assets')!r})]\n"
        "STATICFILES_FINDERS = ['django.contrib.staticfiles.finders.FileSystemFinder',"
        " 'library.finders.MemoryFinder', 'library.finders.ShoutingFinder']\n"
    )
    shape = plain(extra, library__finders=FINDER)
    python = interpreters(version)
    paths = assert_equal(python, tmp_path, Shape({**shape.files, **OVERRIDING}))
    assert {"p/q/x.css", "memory/m.css", "css/x.css", "demo/css/site.css"} < set(paths)
    tree = tmp_path / "stowage/staging/tree"
    assert "first" in (tree / "css/y.css").read_text()
    assert "BODY" in (tree / "css/x.css").read_text()


def test_ignore_patterns_of_the_projects_own_app_config(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    apps = (
        "from django.contrib.staticfiles.apps import StaticFilesConfig\n"
        "class Ignoring(StaticFilesConfig):\n"
        "    ignore_patterns = ['*.gif', 'css/y.*', 'less/', './vendor']\n"
    )
    extra = "INSTALLED_APPS[1] = 'library.ignoring.Ignoring'\n"
    files = library({"css/x.css": "", "less/a.css": "", "vendor/b.css": "", "c/vendor/d": ""})
    shape = plain(extra, library__ignoring=apps)
    paths = assert_equal(interpreters("5.2"), tmp_path, Shape({**shape.files, **files}))
    assert list(paths) == ["css/x.css"]


def test_query_in_a_reference_to_a_rewritten_file_names_the_file_that_exists(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    """The one difference to Django, which writes the hash of the source: a name without a file."""
    files = library({"css/q.css": '@import url("x.css?v=1");'})
    shape = Shape({**plain().files, **files})
    collected = collect(interpreters("5.2"), tmp_path, shape)
    name = Path(collected.paths["css/x.css"]).name
    text = (collected.tree / collected.paths["css/q.css"]).read_text()
    assert text == f'@import url("{name}?v=1");'


def test_backslash_in_a_name_is_a_slash_as_in_djangos_manifest(
    interpreters: Interpreters, tmp_path: Path
) -> None:
    shape = Shape({**plain().files, **library({"img/back\\slash.png": "x"})})
    outcomes = []
    for collector in ("django", "stowage"):
        (tmp_path / collector).mkdir()
        options = ["--collector", collector]
        collected = collect(interpreters("5.2"), tmp_path / collector, shape, options=options)
        outcomes.append(collected.paths)
    assert outcomes[0] == outcomes[1] and "img/back/slash.png" in outcomes[1]
    assert "img/back/slash.png" in collected.files


@pytest.mark.parametrize("version", VERSIONS, ids=[f"django{v}" for v in VERSIONS])
def test_reference_that_two_expressions_match_is_rewritten_once(
    version: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    """The other difference: Django refuses such a script, or hashes the hashed name again."""
    extra = "STORAGES = {'staticfiles': {'BACKEND': 'library.statics.Modules'}}\n"
    shape = plain(extra, library__statics=AGGREGATION)
    files = {name: text for name, text in RICH.items() if "/js/" in name}
    files.update(library({"js/spanning.js": SPANNING}))
    collected = collect(interpreters(version), tmp_path, Shape({**shape.files, **files}))
    script = collected.files[collected.paths["js/spanning.js"]].decode()
    references = re.findall(r'"\./(.+?)"', script)
    assert len(references) == 3
    assert {f"js/{name}" for name in references} <= set(collected.paths.values())


PACKAGES = {
    "admin": ["django.contrib.admin"],
    "wagtail": [
        *("wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.contrib.settings"),
        *("wagtail.contrib.search_promotions", "wagtail.contrib.styleguide", "wagtail.embeds"),
        *("wagtail.sites", "wagtail.users", "wagtail.snippets", "wagtail.documents"),
        *("wagtail.images", "wagtail.search", "wagtail.admin", "wagtail", "modelcluster"),
        *("taggit", "wagtail.contrib.table_block", "wagtail.contrib.typed_table_block"),
    ],
    "djangorestframework": ["rest_framework"],
    "django-debug-toolbar": ["debug_toolbar"],
    "django-grappelli": ["grappelli", "django.contrib.admin"],
}


LIBRARY_FILES = ("css/x.css", "css/y.css", "img/dot.gif")


def packages_shape(applications: list[str]) -> Shape:
    return plain(
        "INSTALLED_APPS = ['django.contrib.auth', 'django.contrib.sessions', "
        f"'django.contrib.messages', *INSTALLED_APPS, *{applications!r}]\n"
        "STORAGES = {'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage."
        "ManifestStaticFilesStorage'}}\nWAGTAIL_SITE_NAME = 'x'\n"
        "WAGTAILADMIN_BASE_URL = 'https://site.example'\n"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_collected_as_by_django(
    package: str, interpreters: Interpreters, tmp_path: Path
) -> None:
    python = interpreters("5.2-packages")
    paths = assert_equal(python, tmp_path, packages_shape(PACKAGES[package]), "manifest")
    assert len(paths) > len(LIBRARY_FILES) + 5
