"""config_files on a real file system."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.stowage.django.plugins.module_utils import config_files
from ansible_collections.stowage.django.plugins.module_utils.config_entries import ConfigError


def apply(check_mode: bool = False, **lists: list[dict[str, Any]]) -> dict[str, Any]:
    """One run of the module's logic."""
    return config_files.run(lists, check_mode)


def snapshot(folder: Path) -> dict[str, tuple[str, int, bytes | str]]:
    """Everything below a directory: kind, mode and content by relative path."""
    result: dict[str, tuple[str, int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        if path.is_symlink():
            result[str(path.relative_to(folder))] = ("link", 0, os.readlink(path))
        elif path.is_dir():
            result[str(path.relative_to(folder))] = ("directory", mode & 0o7777, b"")
        else:
            result[str(path.relative_to(folder))] = ("file", mode & 0o7777, path.read_bytes())
    return result


@pytest.fixture(autouse=True)
def tight_umask() -> Iterator[None]:
    """Wanted modes must not depend on the umask."""
    old = os.umask(0o077)
    yield
    os.umask(old)


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """A directory with a file two levels down, a file and a link."""
    return {
        "directories": [{"path": f"{tmp_path}/etc", "mode": "0755"}],
        "files": [
            {"path": f"{tmp_path}/etc/deep/down/a.json", "content": "{}\n", "mode": "0640"},
            {"path": f"{tmp_path}/etc/b.txt", "content": "żółw\n", "mode": "0644"},
        ],
        "links": [{"path": f"{tmp_path}/etc/current", "target": "deep"}],
    }


def test_first_run_writes_all_and_second_changes_nothing(
    tmp_path: Path, wanted: dict[str, Any]
) -> None:
    first = apply(**wanted)
    assert first["changed"]
    assert snapshot(tmp_path) == {
        "etc": ("directory", 0o755, b""),
        "etc/b.txt": ("file", 0o644, "żółw\n".encode()),
        "etc/current": ("link", 0, "deep"),
        "etc/deep": ("directory", 0o755, b""),
        "etc/deep/down": ("directory", 0o755, b""),
        "etc/deep/down/a.json": ("file", 0o640, b"{}\n"),
    }
    assert first["changed_paths"] == [f"{tmp_path}/{name}" for name in snapshot(tmp_path)]
    second = apply(**wanted)
    assert (second["changed"], second["changed_paths"], second["diff"]) == (False, [], [])


def test_check_mode_writes_nothing_and_foretells_the_same(
    tmp_path: Path, wanted: dict[str, Any]
) -> None:
    foretold = apply(check_mode=True, **wanted)
    assert snapshot(tmp_path) == {}
    assert apply(**wanted) == foretold


def test_mode_alone_is_corrected_without_a_rewrite(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    inode = path.stat().st_ino
    result = apply(files=[{"path": str(path), "content": "x", "mode": "0604"}])
    assert path.stat().st_mode & 0o7777 == 0o604
    assert path.stat().st_ino == inode
    assert result["diff"][0]["after"].startswith("mode=0604 ")


def test_existing_directory_in_between_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "etc/env").mkdir(parents=True)
    (tmp_path / "etc/env").chmod(0o750)
    apply(
        directories=[{"path": f"{tmp_path}/etc", "mode": "0755"}],
        files=[{"path": f"{tmp_path}/etc/env/x", "content": "", "mode": "0600"}],
    )
    assert (tmp_path / "etc/env").stat().st_mode & 0o7777 == 0o750


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_owner_is_set_and_kept_when_not_named(tmp_path: Path) -> None:
    path = tmp_path / "a"
    apply(files=[{"path": str(path), "content": "1", "mode": "0600", "owner": "12", "group": "13"}])
    assert (path.stat().st_uid, path.stat().st_gid) == (12, 13)
    apply(files=[{"path": str(path), "content": "2", "mode": "0600"}])
    assert (path.read_text(), path.stat().st_uid, path.stat().st_gid) == ("2", 12, 13)


def test_unknown_owner_fails_but_is_taken_for_granted_in_check_mode(tmp_path: Path) -> None:
    file = {"path": f"{tmp_path}/a", "content": "", "mode": "0600", "owner": "no-such-user"}
    with pytest.raises(ConfigError, match="no user 'no-such-user'; create it"):
        apply(files=[file])
    assert apply(check_mode=True, files=[file])["changed"]


def test_symbolic_link_at_a_files_path_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "a").symlink_to(victim)
    apply(files=[{"path": f"{tmp_path}/a", "content": "new", "mode": "0600"}])
    assert victim.read_text() == "mine"
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "a").read_text() == "new"


def test_directory_behind_a_link_of_our_own_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    apply(directories=[{"path": f"{tmp_path}/data", "mode": "0755"}])
    assert (tmp_path / "data").is_symlink()
    assert (tmp_path / "disk").stat().st_mode & 0o7777 == 0o755


def test_link_is_repointed_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("old")
    result = apply(links=[{"path": f"{tmp_path}/current", "target": "new"}])
    assert os.readlink(tmp_path / "current") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["current"]
    assert (result["diff"][0]["before"], result["diff"][0]["after"]) == ("-> old\n", "-> new\n")


def test_failed_write_leaves_old_file_and_no_scrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("old")

    def refuse(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(ConfigError, match=r"/a: No space left on device"):
        apply(files=[{"path": f"{tmp_path}/a", "content": "new", "mode": "0600"}])
    assert snapshot(tmp_path) == {"a": ("file", 0o600, b"old")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_refusal_of_the_system_names_the_path() -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with pytest.raises(ConfigError, match=f"{folder}/a: Permission denied"):
            apply(files=[{"path": f"{folder}/a", "content": "", "mode": "0600"}])
    finally:
        os.seteuid(0)
        assert snapshot(folder) == {}
        folder.rmdir()


def test_exclusive_removes_strangers_at_any_depth_but_what_is_kept(tmp_path: Path) -> None:
    root = tmp_path / "lib"
    for name in ("a.py", "old.py", "sub/b.py", "sub/old.py", "gone/c.py", "__pycache__/a.pyc"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1")
    (root / "link").symlink_to("a.py")
    wanted: dict[str, Any] = {
        "directories": [
            {"path": str(root), "mode": "0700", "exclusive": True, "keep": ["__pycache__"]}
        ],
        "files": [
            {"path": f"{root}/{name}", "content": "1", "mode": "0600"}
            for name in ("a.py", "sub/b.py")
        ],
    }
    result = apply(**wanted)
    assert set(snapshot(root)) == {
        "__pycache__",
        "__pycache__/a.pyc",
        "a.py",
        "sub",
        "sub/b.py",
    }
    assert {f"{root}/{name}" for name in ("old.py", "sub/old.py", "gone", "link")} == set(
        result["changed_paths"]
    )
    assert not apply(**wanted)["changed"]


def test_runs_at_the_same_time_do_not_take_each_other_for_strangers(tmp_path: Path) -> None:
    """Several hosts of one inventory that are one server install the same tree at once."""
    root = tmp_path / "opt"
    lists: dict[str, list[dict[str, Any]]] = {
        "directories": [{"path": str(root), "mode": "0755", "exclusive": True}],
        "files": [
            {"path": f"{root}/{number % 7}/{number}.py", "content": "x\n" * number, "mode": "0644"}
            for number in range(60)
        ],
    }
    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(lambda _: apply(**lists), range(6)))
    assert sorted(result["changed"] for result in results) == [False] * 5 + [True]
    assert len([path for path in root.rglob("*") if path.is_file()]) == 60


def test_absent_removes_files_links_and_emptied_directories(
    tmp_path: Path, wanted: dict[str, Any]
) -> None:
    apply(**wanted)
    absent = {
        kind: [{"path": item["path"], "state": "absent"} for item in items]
        for kind, items in wanted.items()
    }
    absent["directories"] += [
        {"path": f"{tmp_path}/etc/deep", "state": "absent"},
        {"path": f"{tmp_path}/etc/deep/down", "state": "absent"},
    ]
    assert apply(check_mode=True, **absent)["changed"]
    assert len(snapshot(tmp_path)) == 6
    apply(**absent)
    assert snapshot(tmp_path) == {}
    assert not apply(**absent)["changed"]


def test_absent_keeps_a_directory_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/foreign").write_text("")
    result = apply(directories=[{"path": f"{tmp_path}/etc", "state": "absent"}])
    assert (result["changed"], result["kept_paths"]) == (False, [f"{tmp_path}/etc"])
    assert (tmp_path / "etc/foreign").exists()


def test_absent_and_recursive_removes_all_but_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media/photo").write_text("")
    (tmp_path / "etc/deep").mkdir(parents=True)
    (tmp_path / "etc/deep/link").symlink_to(tmp_path / "media")
    apply(directories=[{"path": f"{tmp_path}/etc", "state": "absent", "recursive": True}])
    assert not (tmp_path / "etc").exists()
    assert (tmp_path / "media/photo").exists()


def test_diff_shows_text_and_hides_sensitive_text(tmp_path: Path) -> None:
    (tmp_path / "open").write_text("old\n")
    (tmp_path / "secret").write_text("old-password\n")
    result = apply(
        files=[
            {"path": f"{tmp_path}/open", "content": "new\n", "mode": "0644"},
            {
                "path": f"{tmp_path}/secret",
                "content": "new-password\n",
                "mode": "0600",
                "sensitive": True,
            },
        ]
    )
    shown, hidden = result["diff"]
    assert (shown["before"], shown["after"]) == ("old\n", "new\n")
    assert hidden["before_header"] == f"{tmp_path}/secret"
    assert hidden["before"] != hidden["after"]
    assert "password" not in str(hidden)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        pytest.param(b"\xff\xfe", "not UTF-8", id="binary"),
        pytest.param(b"x" * 100_001, "more than 100000 bytes", id="huge"),
    ],
)
def test_diff_names_what_it_cannot_show(tmp_path: Path, content: bytes, note: str) -> None:
    (tmp_path / "a").write_bytes(content)
    result = apply(files=[{"path": f"{tmp_path}/a", "content": "x", "mode": "0600"}])
    assert note in result["diff"][0]["before"]


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        pytest.param(
            {"files": [{"path": "etc/a", "content": "", "mode": "0644"}]},
            "'etc/a' is relative",
            id="relative path",
        ),
        pytest.param(
            {"files": [{"path": "/tmp/../etc/a", "content": "", "mode": "0644"}]},
            "is not plain",
            id="path with ..",
        ),
        pytest.param(
            {"directories": [{"path": "/", "state": "absent", "recursive": True}]},
            "is not plain",
            id="root",
        ),
        pytest.param(
            {"files": [{"path": "/tmp/a", "content": "", "mode": "420"}]},
            "mode is '420'; give four octal digits",
            id="mode that YAML made decimal",
        ),
        pytest.param(
            {"files": [{"path": "/tmp/a", "content": ""}]}, "mode is ''", id="file without mode"
        ),
        pytest.param(
            {"directories": [{"path": "/tmp/a"}]}, "mode is ''", id="directory without mode"
        ),
        pytest.param(
            {"files": [{"path": "/tmp/a", "mode": "0644"}]},
            "content is missing",
            id="file without content",
        ),
        pytest.param(
            {"links": [{"path": "/tmp/a"}]}, "target is missing", id="link without target"
        ),
        pytest.param(
            {
                "files": [{"path": "/tmp/a", "state": "absent"}],
                "links": [{"path": "/tmp/a", "state": "absent"}],
            },
            "named twice",
            id="path named twice",
        ),
    ],
)
def test_bad_entries_are_refused(lists: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        apply(**lists)


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check mode"])
def test_wrong_kind_is_refused_before_anything_is_written(tmp_path: Path, check_mode: bool) -> None:
    (tmp_path / "is-directory").mkdir()
    (tmp_path / "is-file").write_text("")
    before = snapshot(tmp_path)
    first = {"path": f"{tmp_path}/first", "content": "", "mode": "0600"}
    at_directory = f"{tmp_path}/is-directory"
    at_file = f"{tmp_path}/is-file"
    attempts: list[dict[str, Any]] = [
        {"files": [first, {"path": at_directory, "content": "", "mode": "0600"}]},
        {"files": [first, {"path": at_directory, "state": "absent"}]},
        {"files": [first], "directories": [{"path": at_file, "mode": "0700"}]},
        {"files": [first], "directories": [{"path": at_file, "state": "absent"}]},
        {"files": [first], "links": [{"path": at_file, "target": "x"}]},
        {"files": [first], "links": [{"path": at_file, "state": "absent"}]},
    ]
    for lists in attempts:
        with pytest.raises(ConfigError, match=r"is a (file|directory)"):
            apply(check_mode, **lists)
        assert snapshot(tmp_path) == before


def test_missing_parent_names_the_remedy(tmp_path: Path) -> None:
    file = {"path": f"{tmp_path}/no/a", "content": "", "mode": "0600"}
    with pytest.raises(ConfigError, match="list it under `directories`"):
        apply(files=[file])
    assert apply(check_mode=True, files=[file])["changed"]
