"""What stays and what goes: the ledger's view, and the pool's by reachability."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stowage_host import rollback
from stowage_host.compose import BaseFiles, Compose
from stowage_host.errors import InputError, StowageError
from stowage_host.ledger import Ledger, Release
from stowage_host.project import Paths, Project
from stowage_host.prune import _plain, _unreachable, reachable, retained, sweep
from stowage_host.site import Site

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def release(name: str, superseded_at: str = "", *commands: str) -> Release:
    return Release(
        name,
        name,
        {"web": "sha256:1"},
        {},
        "2026-01-01T00:00:00Z",
        "root",
        release_commands=list(commands),
        superseded_at=superseded_at,
    )


def ids(releases: list[Release]) -> str:
    return " ".join(entry.id for entry in releases)


LONG_AGO, LATELY = "2026-01-01T00:00:00Z", "2026-03-09T00:00:00Z"


@pytest.mark.parametrize(
    ("releases", "current", "count", "days", "expected"),
    [
        pytest.param(
            [("a", LONG_AGO), ("b", LONG_AGO), ("c", "")], "c", 2, 0, "b c", id="last-two"
        ),
        pytest.param([("a", LONG_AGO), ("b", LATELY), ("c", "")], "c", 1, 7, "b c", id="lately"),
        pytest.param(
            [("a", ""), ("b", LONG_AGO), ("c", LONG_AGO)], "a", 1, 0, "a c", id="current-is-old"
        ),
        pytest.param([("a", LATELY), ("b", "")], "b", 1, 1, "b", id="just-over-a-day-ago"),
        pytest.param([("a", LONG_AGO), ("b", "")], "b", 0, 0, "b", id="only-the-current-one"),
    ],
)
def test_which_releases_are_retained(
    releases: list[tuple[str, str]], current: str, count: int, days: float, expected: str
) -> None:
    book = Ledger(current, [release(*entry) for entry in releases])
    assert ids(retained(book, count, days, NOW)) == expected


def test_a_switch_notes_when_the_former_release_was_superseded() -> None:
    book = Ledger("a", [release("a")])
    book.switch_to(release("b"), "2026-03-01T00:00:00Z")
    assert [entry.superseded_at for entry in book.releases] == ["2026-03-01T00:00:00Z", ""]
    first = book.get("a")
    assert first is not None
    book.switch_to(first, "2026-03-02T00:00:00Z")
    assert [entry.superseded_at for entry in book.releases] == ["", "2026-03-02T00:00:00Z"]
    assert (book.current, ids(book.releases)) == ("a", "a b")


@pytest.fixture
def pool(paths: Paths) -> Path:
    for name in ("a.1.css", "a.1.css.gz", "b.2.css", "b.2.css.br", "deep/c.3.js", "d.4.gz"):
        place = paths.pool / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")
    return paths.pool


def write_manifest(paths: Paths, name: str, *hashed: str) -> None:
    paths.manifests.mkdir(parents=True, exist_ok=True)
    document = {"paths": {str(number): value for number, value in enumerate(hashed)}}
    (paths.manifests / f"{name}.json").write_text(json.dumps(document))


def test_only_what_no_retained_manifest_names_is_unreachable(paths: Paths, pool: Path) -> None:
    write_manifest(paths, "r1", "a.1.css")
    write_manifest(paths, "r2", "deep/c.3.js", "d.4.gz")
    names = reachable(paths, [release("r1"), release("r2")])
    gone = sorted(str(path.relative_to(pool)) for path in _unreachable(pool, names))
    assert gone == ["b.2.css", "b.2.css.br"]


@pytest.mark.parametrize("text", [None, "", "{", '{"files": {}}', '{"paths": []}'])
def test_an_unreadable_manifest_deletes_nothing(paths: Paths, text: str | None) -> None:
    write_manifest(paths, "r1", "a.1.css")
    if text is not None:
        (paths.manifests / "r2.json").write_text(text)
    with pytest.raises(StowageError, match=r"r2\.json cannot be read .*nothing was deleted"):
        reachable(paths, [release("r1"), release("r2")])


def test_a_rollback_goes_to_the_release_before_or_to_a_named_one() -> None:
    book = Ledger("c", [release("a"), release("b"), release("c")])
    assert rollback._target(book, "").id == "b"
    assert rollback._target(book, "a").id == "a"
    with pytest.raises(InputError, match="no such release; there are a, b, c"):
        rollback._target(book, "x")
    with pytest.raises(StowageError, match="a is the oldest release"):
        rollback._target(Ledger("a", book.releases), "")
    with pytest.raises(StowageError, match="no release yet"):
        rollback._target(Ledger(), "")


def test_release_commands_in_between_are_named_as_not_undone() -> None:
    book = Ledger(
        "c", [release("a", "", "migrate 1"), release("b", "", "migrate 2"), release("c", "", "m 3")]
    )
    words = rollback._not_undone(book, book.releases[0])
    assert words == ["Not undone by a rollback (such as migrations): b: migrate 2; c: m 3"]
    assert rollback._not_undone(Ledger("a", book.releases), book.releases[2]) == []


def test_what_a_killed_run_left_damaged_does_not_hold_up_the_next(paths: Paths) -> None:
    """A power cut may leave a name without content; what is whole is not compressed again."""
    whole = f"w.{hashlib.md5(b'whole').hexdigest()[:12]}.css"
    torn = f"t.{hashlib.md5(b'torn').hexdigest()[:12]}.css"
    kept = f"k.{hashlib.md5(b'kept').hexdigest()[:12]}.css"
    paths.pool.mkdir(parents=True)
    (paths.pool / whole).write_bytes(b"whole")
    (paths.pool / f"{whole}.gz").write_bytes(gzip.compress(b"whole"))
    for name in (torn, f"{torn}.gz", kept):
        (paths.pool / name).touch()
    write_manifest(paths, "r1", kept)
    paths.plain.mkdir()
    sound = hashlib.md5(b"text").hexdigest()
    (paths.plain / sound).write_bytes(b"text")
    (paths.plain / ("0" * 32)).touch()
    sweep(site_of(paths), Ledger("r1", [release("r1")]))
    assert sorted(path.name for path in paths.pool.iterdir()) == sorted(
        [whole, f"{whole}.gz", kept]
    )


def test_a_copied_server_keeps_what_its_releases_need(paths: Paths) -> None:
    """A copy without hard links has one link of each file: the manifests decide, not the count."""
    paths.plain.mkdir(parents=True)
    for name in ("a" * 32, "b" * 32):
        (paths.plain / name).touch()
    paths.manifests.mkdir()
    document = {"paths": {}, "digests": {"a.css": "a" * 32}}
    (paths.manifests / "r1.json").write_text(json.dumps(document))
    needed = _plain(paths, [release("r1")])
    assert [path.name for path in _unreachable(paths.plain, needed)] == ["b" * 32]


def site_of(paths: Paths) -> Site:
    project = Project("shop", "/srv/shop", ("web",), "shop.settings")
    return Site(project, paths, Compose(project, paths.overlay, BaseFiles((), "named")), {})
