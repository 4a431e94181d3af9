"""How the project's Compose files are found, and a plain `docker compose` led to the overlay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stowage_host import link
from stowage_host.compose import Compose, base_files
from stowage_host.errors import InputError
from stowage_host.project import Paths, Project
from stowage_host.site import Site


def make(project: Project, *names: str) -> Path:
    directory = Path(project.directory)
    for name in names:
        (directory / name).write_text("services: {}\n")
    return directory


def site(project: Project, paths: Paths, **wiring_values: Any) -> Site:
    return Site(
        project, paths, Compose.of(project, paths.overlay), {"compose_wiring": wiring_values}
    )


@pytest.mark.parametrize("name", ["compose.yaml", "compose.yml", "docker-compose.yml"])
def test_default_names(project: Project, paths: Paths, name: str) -> None:
    directory = make(project, name)
    found = base_files(project, paths.overlay)
    assert (found.paths, found.found_by) == ((directory / name,), "default")


def test_an_override_of_the_project_comes_along(project: Project, paths: Paths) -> None:
    directory = make(project, "compose.yml", "compose.override.yml")
    found = base_files(project, paths.overlay)
    assert found.paths == (directory / "compose.yml", directory / "compose.override.yml")
    assert found.found_by == "override"


def test_our_own_link_is_no_override_of_the_project(project: Project, paths: Paths) -> None:
    directory = make(project, "compose.yaml")
    (directory / "compose.override.yaml").symlink_to(paths.overlay)
    assert base_files(project, paths.overlay).found_by == "default"


def test_compose_file_of_the_projects_env(project: Project, paths: Paths) -> None:
    directory = make(project, "compose.yaml", "a.yml", "b.yml")
    (directory / ".env").write_text("X=1\nCOMPOSE_FILE='a.yml:b.yml'\n")
    found = base_files(project, paths.overlay)
    assert (found.paths, found.found_by) == ((directory / "a.yml", directory / "b.yml"), "env")


def test_named_files_come_before_all_others(project: Project, paths: Paths) -> None:
    directory = make(project, "compose.yaml", "production.yml")
    found = base_files(replace(project, compose_files=("production.yml",)), paths.overlay)
    assert (found.paths, found.found_by) == ((directory / "production.yml",), "named")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"directory": "/nonexistent/shop"}, "no such directory", id="no-directory"),
        pytest.param({}, "has none of compose.yaml", id="no-compose-file"),
        pytest.param({"compose_files": ("x.yml",)}, "no such file", id="no-named-file"),
    ],
)
def test_missing_files_are_refused(
    project: Project, paths: Paths, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        base_files(replace(project, **changes), paths.overlay)


def test_link_and_back(project: Project, paths: Paths) -> None:
    directory = make(project, "compose.yaml")
    (directory / ".git/info").mkdir(parents=True)
    exclude = directory / ".git/info/exclude"
    exclude.write_text("*.pyc\n")
    assert link.write_link(site(project, paths)) is True
    assert link.write_link(site(project, paths)) is False
    assert (directory / "compose.override.yaml").readlink() == paths.overlay
    assert link.actual_kind(site(project, paths)) == "symlink"
    assert exclude.read_text() == "*.pyc\n/compose.override.yaml\n"
    link.remove_link(site(project, paths))
    assert not (directory / "compose.override.yaml").is_symlink()
    assert link.actual_kind(site(project, paths)) == "none"
    assert exclude.read_text() == "*.pyc\n"
    assert not (directory / ".env").exists()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="no-env-file"),
        pytest.param("", id="empty"),
        pytest.param("A=1\n", id="a-line"),
        pytest.param("A=1", id="no-newline-at-the-end"),
        pytest.param("COMPOSE_FILE=compose.yml:other.yml\nB=2\n", id="a-compose-file-of-its-own"),
    ],
)
def test_env_block_and_back(project: Project, paths: Paths, text: str | None) -> None:
    directory = make(project, "compose.yml", "compose.override.yml", "other.yml")
    env = directory / ".env"
    if text is not None:
        env.write_text(text)
        env.chmod(0o640)
    assert link.write_link(site(project, paths)) is True
    assert link.write_link(site(project, paths)) is False
    assert link.actual_kind(site(project, paths)) == "env"
    written = env.read_text()
    files = site(project, paths).compose.files.paths
    assert f"COMPOSE_FILE={':'.join(map(str, (*files, paths.overlay)))}\n" in written
    assert written.startswith(text or "")
    assert text is None or env.stat().st_mode & 0o777 == 0o640
    link.remove_link(site(project, paths))
    if text:
        assert env.read_text().rstrip("\n") == text.rstrip("\n")
    else:
        assert not env.exists()


def test_name_and_profiles_are_written_for_a_plain_docker_compose(
    project: Project, paths: Paths
) -> None:
    directory = make(project, "compose.yaml")
    named = replace(project, compose_project_name="front", compose_profiles=("jobs", "mail"))
    assert link.link_kind(site(named, paths)) == "env"
    link.write_link(site(named, paths))
    assert (directory / ".env").read_text().splitlines()[1:-1] == [
        f"COMPOSE_FILE={directory}/compose.yaml:{paths.overlay}",
        "COMPOSE_PROJECT_NAME=front",
        "COMPOSE_PROFILES=jobs,mail",
    ]


def test_a_link_beside_an_override_is_refused(project: Project, paths: Paths) -> None:
    make(project, "compose.yaml", "docker-compose.override.yml")
    with pytest.raises(InputError, match="compose_wiring_link: 'symlink'"):
        link.write_link(site(project, paths, link="symlink"))


def test_no_link_by_choice(project: Project, paths: Paths) -> None:
    directory = make(project, "compose.yaml")
    assert link.write_link(site(project, paths, link="none")) is False
    assert [entry.name for entry in directory.iterdir()] == ["compose.yaml"]
