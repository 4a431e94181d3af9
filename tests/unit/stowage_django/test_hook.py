"""stowage.pth and the lazy hook, at the start of real interpreters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.stowage_django import djangos
from tests.unit.stowage_django.conftest import Interpreters, Projects, Server, run, way_environment
from tests.unit.stowage_django.shapes import SHAPES

MODULES = "import json, sys; print(json.dumps(sorted(sys.modules)))"
PATCHED = "getattr(django.conf.Settings.__init__, 'stowage', False)"
FINDERS = "[type(f).__name__ for f in sys.meta_path].count('Finder')"


def modules(python: Path, folder: Path, **environment: str) -> set[str]:
    result = run([python, "-c", MODULES], folder, environment)
    assert not result.stderr
    return set(json.loads(result.stdout))


@pytest.fixture
def python(interpreters: Interpreters) -> Path:
    return interpreters("5.2")


def test_unarmed_start_imports_nothing_of_ours(python: Path, tmp_path: Path) -> None:
    assert not [name for name in modules(python, tmp_path) if name.startswith("stowage")]


def test_armed_start_imports_two_small_modules_and_no_django(python: Path, tmp_path: Path) -> None:
    more = modules(python, tmp_path, STOWAGE_HOOK="1") - modules(python, tmp_path)
    assert more == {"stowage_django", "stowage_django._boot"}


@pytest.mark.parametrize(
    "flags",
    [
        pytest.param([], id="plain"),
        pytest.param(["-I"], id="isolated"),
        pytest.param(["-E", "-s", "-P"], id="no_environment_no_user_site_safe_path"),
    ],
)
def test_django_imported_late_is_patched(flags: list[str], python: Path, tmp_path: Path) -> None:
    code = (
        f"import json, sys; assert {FINDERS} == 1; import django.conf; "
        f"assert {PATCHED}; assert {FINDERS} == 0; "
        "assert type(django.conf.__spec__.loader).__name__ == 'SourceFileLoader'; "
        "assert 'exec_module' in vars(django.conf.__loader__)"
    )
    result = run([python, *flags, "-c", code], tmp_path, {"STOWAGE_HOOK": "1"})
    assert result.returncode == 0, result.stderr


def test_django_imported_before_us_is_patched(python: Path, tmp_path: Path) -> None:
    code = (
        f"import sys, django.conf; assert not {PATCHED}; "
        f"from stowage_django import _boot; _boot.arm(); _boot.arm(); "
        f"assert {PATCHED}; assert {FINDERS} == 0"
    )
    result = run([python, "-c", code], tmp_path, {})
    assert result.returncode == 0, result.stderr


def test_anothers_sitecustomize_still_runs(tmp_path: Path) -> None:
    python = djangos.interpreter("5.2", tmp_path / "python")
    purelib = next((tmp_path / "python" / "lib").glob("python*/site-packages"))
    (purelib / "sitecustomize.py").write_text("import django.conf; customised = True\n")
    code = f"import django.conf, sitecustomize; assert sitecustomize.customised and {PATCHED}"
    result = run([python, "-c", code], tmp_path, {"STOWAGE_HOOK": "1"})
    assert result.returncode == 0, result.stderr


def test_anothers_finder_that_asks_the_rest_still_works(python: Path, tmp_path: Path) -> None:
    code = """
import importlib.util, sys
class Tracing:  # as wrapt's and tracers' finders do
    busy = False
    def find_spec(self, name, path=None, target=None):
        if self.busy:
            return None
        self.busy = True
        try:
            return importlib.util.find_spec(name)
        finally:
            self.busy = False
sys.meta_path.insert(0, Tracing())
import django.conf
assert django.conf.Settings.__init__.stowage
"""
    result = run([python, "-c", code], tmp_path, {"STOWAGE_HOOK": "1"})
    assert result.returncode == 0, result.stderr


def test_django_without_settings_says_what_it_always_says(python: Path, tmp_path: Path) -> None:
    code = "from django.conf import settings; settings.DEBUG"
    result = run([python, "-c", code], tmp_path, {"STOWAGE_HOOK": "1"})
    assert "ImproperlyConfigured" in result.stderr and "stowage" not in result.stderr


@pytest.mark.parametrize("way", ["settings", "hook"])
def test_bad_variable_stops_django_with_its_message(
    way: str, python: Path, projects: Projects, server: Server
) -> None:
    environment = {**way_environment(way, SHAPES["plain"]), **server.overlay(STOWAGE_PHASE="x")}
    result = run([python, "manage.py", "check"], projects("plain"), environment)
    assert result.returncode != 0
    assert "STOWAGE_PHASE is 'x': set it to one of run, collect." in result.stderr


def test_settings_module_without_the_projects_name_says_so(python: Path, tmp_path: Path) -> None:
    environment = {"DJANGO_SETTINGS_MODULE": "stowage_django.settings"}
    code = "from django.conf import settings; settings.DEBUG"
    result = run([python, "-c", code], tmp_path, environment)
    assert "STOWAGE_SETTINGS_MODULE is ''" in result.stderr
    assert "django_project_settings_module" in result.stderr
