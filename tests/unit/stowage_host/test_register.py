"""One name for one directory on a server."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from stowage_host.errors import InputError
from stowage_host.files import write_json
from stowage_host.project import Paths, Project, choose, registered
from stowage_host.register import _check_neighbours


def keep(project: Project, paths: Paths) -> None:
    write_json(paths.conf_d / "django_project.json", asdict(project))


def test_the_same_project_again_is_welcome(project: Project, paths: Paths) -> None:
    keep(project, paths)
    _check_neighbours(project, paths)


def test_a_name_that_belongs_to_another_directory(project: Project, paths: Paths) -> None:
    keep(project, paths)
    other = replace(project, directory="/srv/other")
    with pytest.raises(InputError, match="django_project_name: 'shop': belongs to the project in"):
        _check_neighbours(other, paths)


def test_a_directory_that_has_another_name(project: Project, paths: Paths) -> None:
    keep(project, paths)
    other = replace(project, name="shop2", directory=project.directory + "/../shop")
    with pytest.raises(InputError, match="is deployed as the project shop already"):
        _check_neighbours(other, Paths("shop2", paths.root))


def test_a_project_need_not_be_named_where_it_is_the_only_one(
    project: Project, paths: Paths
) -> None:
    keep(project, paths)
    assert registered(paths.root) == ["shop"]
    assert choose("", paths.root) == "shop"
    with pytest.raises(InputError, match=r"no such project on this server \(known: shop\)"):
        choose("nowhere", paths.root)
