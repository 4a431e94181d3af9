"""The lookup tree."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase


@pytest.fixture(scope="module")
def lookup() -> LookupBase:
    """The plugin, loaded by its full name, which gives it its options."""
    plugin = lookup_loader.get("stowage.django.tree")
    assert plugin is not None
    return plugin


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A Python package with what a checkout has besides its sources."""
    for name in ("b.py", "a/c.py", "a/__pycache__/c.pyc", "__pycache__/b.pyc", "stray.pyc"):
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\r\n", newline="")
    return tmp_path / "package"


def test_files_are_sorted_and_bytecode_is_left_out(lookup: LookupBase, package: Path) -> None:
    assert lookup.run([str(package)]) == [
        {"path": "a/c.py", "content": "# a/c.py\r\n"},
        {"path": "b.py", "content": "# b.py\r\n"},
    ]


def test_prefix_and_attributes(lookup: LookupBase, package: Path) -> None:
    entries = lookup.run([str(package)], prefix="/opt/x/", attributes={"mode": "0644"})
    assert entries[0] == {"path": "/opt/x/a/c.py", "content": "# a/c.py\r\n", "mode": "0644"}


def test_exclude(lookup: LookupBase, package: Path) -> None:
    entries = lookup.run([str(package)], exclude=["a", "*.pyc", "__pycache__"])
    assert [entry["path"] for entry in entries] == ["b.py"]


def test_what_cannot_be_read_is_named(lookup: LookupBase, package: Path) -> None:
    with pytest.raises(AnsibleError, match=r"/nonexistent is no directory"):
        lookup.run(["/nonexistent"])
    (package / "empty").mkdir()
    with pytest.raises(AnsibleError, match=r"empty holds no files"):
        lookup.run([str(package / "empty")])
    (package / "logo.png").write_bytes(b"\x89PNG")
    with pytest.raises(AnsibleError, match=r"logo\.png is no UTF-8 text"):
        lookup.run([str(package)])
    (package / "logo.png").unlink()
    (package / "link").symlink_to("b.py")
    with pytest.raises(AnsibleError, match=r"link is no regular file"):
        lookup.run([str(package)])
