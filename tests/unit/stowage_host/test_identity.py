"""Release ids: what is accepted, when a release is needed, how a name used before is settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from stowage_host import identity
from stowage_host.compose import Compose
from stowage_host.errors import InputError, StowageError
from stowage_host.ledger import Ledger, Release, check_id
from stowage_host.project import Paths, Project
from stowage_host.site import Site


def release(name: str, fingerprint: str = "f") -> Release:
    return Release(name, fingerprint, {"web": "sha256:1"}, {}, "2026-01-01T00:00:00Z", "root")


def ledger(*releases: Release) -> Ledger:
    return Ledger(releases[-1].id if releases else "", list(releases))


@pytest.mark.parametrize("value", ["a", "1.2.3", "v1_2-rc.1", "a" * 64])
def test_plain_names_are_accepted(value: str) -> None:
    assert check_id("static_files_release_id", value) == value


@pytest.mark.parametrize(
    "value",
    ["", "..", ".hid", "-x", "a/b", "a b", "a\n", "é", "a" * 65, "unknown", "None", "latest", "$x"],
)
def test_other_names_are_refused_by_name(value: str) -> None:
    with pytest.raises(InputError, match="static_files_release_id"):
        check_id("static_files_release_id", value)


@pytest.mark.parametrize(
    ("wanted", "given", "fingerprint", "expected"),
    [
        pytest.param("b", False, "f", "b", id="new-name"),
        pytest.param("a", False, "f", "a", id="same-content"),
        pytest.param("a", True, "f", "a", id="same-content-given"),
        pytest.param("a", False, "g", "a-3", id="derived-gets-the-next-free-number"),
        pytest.param("a", False, "second", "a-2", id="derived-finds-its-own-number-again"),
    ],
)
def test_settling_a_name(wanted: str, given: bool, fingerprint: str, expected: str) -> None:
    book = ledger(release("a"), release("a-2", "second"))
    assert identity.settle(book, wanted, given, fingerprint)[0] == expected


def test_a_given_name_of_other_content_is_refused() -> None:
    with pytest.raises(InputError, match="static_files_release_id: 'a': was used"):
        identity.settle(ledger(release("a")), "a", True, "g")


@pytest.mark.parametrize(
    ("serving", "wanted", "strategy", "fingerprint", "expected"),
    [
        pytest.param("a", "a", "", "f", True, id="same"),
        pytest.param("a", "b", "", "f", False, id="other-identity"),
        pytest.param("a", "a", "", "g", False, id="other-content"),
        pytest.param("a-2", "a", "", "f", True, id="counted-suffix-of-the-same"),
        pytest.param("a-x", "a", "", "f", False, id="a-suffix-of-its-own"),
        pytest.param("20260101T000000Z", "20260102T000000Z", "timestamp", "f", True, id="later"),
    ],
)
def test_when_a_release_is_not_needed(
    project: Project,
    paths: Paths,
    serving: str,
    wanted: str,
    strategy: str,
    fingerprint: str,
    expected: bool,
) -> None:
    (Path(project.directory) / "compose.yaml").write_text("services: {}")
    compose = Compose.of(project, paths.overlay)
    site = Site(project, paths, compose, {"static_files": {"release": {"strategy": strategy}}})
    book = ledger(release(serving))
    assert identity.unchanged(site, book, wanted, fingerprint) is expected


def test_ledger_is_read_back(paths: Paths) -> None:
    book = ledger(release("a"))
    book.switch_to(release("b", "g"), "2026-01-02T00:00:00Z")
    book.save(paths)
    assert Ledger.load(paths) == book
    assert Ledger.load(paths).current == "b"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"current": "a"}', '{"current": "a", "releases": [{}]}']
)
def test_a_damaged_ledger_is_an_error_and_stays(paths: Paths, text: str) -> None:
    paths.static.mkdir(parents=True)
    paths.ledger.write_text(text)
    with pytest.raises(StowageError, match=r"ledger\.json cannot be read"):
        Ledger.load(paths)
    assert paths.ledger.read_text() == text


def test_revision_of_a_directory_without_git_is_empty(tmp_path: Path) -> None:
    assert identity.revision(str(tmp_path)) == ""


def test_release_command_with_an_open_quote_is_refused() -> None:
    with pytest.raises(InputError, match="django_project_release_commands"):
        identity.words_of("echo 'a")
