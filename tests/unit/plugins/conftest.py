"""Let a bare checkout be imported as the collection it is, and run modules as Ansible does."""

from __future__ import annotations

import atexit
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible.plugins.loader import init_plugin_loader

ROOT = Path(__file__).parents[3]


def _make_importable() -> Path:
    """A folder where Ansible's own importer finds this checkout as stowage.django."""
    folder = tempfile.TemporaryDirectory(prefix="stowage-collections-")
    atexit.register(folder.cleanup)
    link = Path(folder.name) / "ansible_collections" / "stowage" / "django"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT)
    init_plugin_loader([folder.name])
    return Path(folder.name)


COLLECTIONS = _make_importable()

RunModule = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def collections_path() -> Path:
    """A directory for ANSIBLE_COLLECTIONS_PATH."""
    return COLLECTIONS


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> RunModule:
    """Call a module's main() with parameters; returns the JSON it printed."""

    def run(
        main: Callable[[], None], parameters: dict[str, Any], check_mode: bool = False
    ) -> dict[str, Any]:
        with (
            patch_module_args({**parameters, "_ansible_check_mode": check_mode}),
            pytest.raises(SystemExit),
        ):
            main()
        return dict(json.loads(capsys.readouterr().out))

    return run
