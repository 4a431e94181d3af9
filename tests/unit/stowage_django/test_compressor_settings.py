"""What the pure function makes of a project's COMPRESS_ settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stowage_django.apply import apply
from stowage_django.compressor import OfflineIfCollected, mode

OVERLAY = {
    "STOWAGE_STATIC_STORAGE": "release_manifest",
    "STOWAGE_STATIC_URL": "/assets/",
    "STOWAGE_STATIC_ROOT": "/srv/static/current",
    "STOWAGE_MANIFEST_DIR": "/srv/static/manifests",
    "STOWAGE_RELEASE_ID": "r1",
}
COLLECT = {**OVERLAY, "STOWAGE_PHASE": "collect", "STOWAGE_STATIC_ROOT": "/staging/tree"}
PROJECT: dict[str, Any] = {"INSTALLED_APPS": ["compressor"], "STATIC_ROOT": "/app/static"}
GENERATED = "stowage_django.compressor_storage.GeneratedFileStorage"
S3 = "storages.backends.s3.S3Storage"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({}, "request", id="its_default"),
        pytest.param({"COMPRESS_OFFLINE": True}, "offline", id="offline"),
        pytest.param({"DEBUG": True, "COMPRESS_OFFLINE": True}, None, id="off_while_debugging"),
        pytest.param({"DEBUG": True, "COMPRESS_ENABLED": True}, "request", id="or_on_all_the_same"),
        pytest.param(
            {"COMPRESS_ENABLED": False, "COMPRESS_PRECOMPILERS": (("text/x-scss", "sass"),)},
            "request",
            id="precompilers_write_files_though_it_is_off",
        ),
        pytest.param({"INSTALLED_APPS": ("library",)}, None, id="not_installed"),
        pytest.param({"INSTALLED_APPS": None}, None, id="no_applications"),
    ],
)
def test_mode_is_what_the_project_does_by_itself(
    settings: dict[str, Any], expected: str | None
) -> None:
    assert mode({**PROJECT, **settings}) == expected


@pytest.mark.parametrize("environment", [OVERLAY, COLLECT], ids=["run", "collect"])
@pytest.mark.parametrize("offline", ["0", "1"], ids=["as_it_is", "switched"])
@pytest.mark.parametrize("own", [{}, {"COMPRESS_OFFLINE": True}], ids=["request", "offline"])
def test_applied_to_its_own_result_it_changes_nothing(
    own: dict[str, Any], offline: str, environment: dict[str, str]
) -> None:
    environment = {**environment, "STOWAGE_COMPRESSOR_OFFLINE": offline}
    once = {**PROJECT, **own}
    once.update(apply(once, environment, (5, 2)).values)
    assert {**once, **apply(once, environment, (5, 2)).values} == once


def test_without_static_files_of_ours_compressor_is_left_alone() -> None:
    changes = apply(PROJECT, {"STOWAGE_STATIC_URL": "/assets/"}, (5, 2))
    assert not [name for name in changes.values if "COMPRESS" in name]


def test_places_of_the_project_follow_in_their_type_and_without_a_false_note() -> None:
    settings = {
        **PROJECT,
        "STATIC_URL": "/static/",
        "STATIC_ROOT": Path("/app/static"),
        "COMPRESS_ROOT": Path("/app/static"),
        "COMPRESS_URL": "/static/",
    }
    changes = apply(settings, OVERLAY, (5, 2))
    assert changes.values["COMPRESS_ROOT"] == Path("/srv/static/pool")
    assert changes.values["COMPRESS_URL"] == "/assets/"
    assert changes.notes == []


@pytest.mark.parametrize(
    ("storage", "root"),
    [
        pytest.param("manifest", "/srv/static/pool", id="hashed_names_are_in_the_pool"),
        pytest.param("default", "/srv/static/releases/r1", id="others_in_the_releases_tree"),
    ],
)
def test_root_is_where_filters_find_what_the_css_names(storage: str, root: str) -> None:
    environment = {**OVERLAY, "STOWAGE_STATIC_STORAGE": storage}
    assert apply(PROJECT, environment, (5, 2)).values["COMPRESS_ROOT"] == root


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"COMPRESS_STORAGE": S3}, id="by_its_own_setting"),
        pytest.param({"STORAGES": {"compressor": {"BACKEND": S3}}}, id="by_its_alias"),
        pytest.param(
            {"STORAGES": {"x": {"BACKEND": S3}}, "COMPRESS_STORAGE_ALIAS": "x"}, id="by_a_named_one"
        ),
    ],
)
def test_storage_elsewhere_is_kept_with_a_note(own: dict[str, Any]) -> None:
    changes = apply({**PROJECT, **own}, OVERLAY, (5, 2))
    assert not [name for name in changes.values if "COMPRESS" in name]
    assert f"COMPRESS_STORAGE is the project's own {S3}, which stays" in changes.notes[0]


@pytest.mark.parametrize(
    "own",
    [
        pytest.param(
            {"STORAGES": {"staticfiles": {"BACKEND": S3}}, "COMPRESS_STORAGE": S3},
            id="that_of_the_static_files_goes_with_it",
        ),
        pytest.param(
            {"COMPRESS_STORAGE": "compressor.storage.GzipCompressorFileStorage"},
            id="that_writes_into_static_root",
        ),
    ],
)
def test_storage_that_would_not_work_is_replaced_with_a_note(own: dict[str, Any]) -> None:
    changes = apply({**PROJECT, **own}, OVERLAY, (5, 2))
    assert changes.values["COMPRESS_STORAGE"] == GENERATED
    expected = f"COMPRESS_STORAGE is {GENERATED} in place of the project's own "
    assert f"{expected}{own['COMPRESS_STORAGE']}." in changes.notes


def test_aliases_lead_to_no_declared_storage() -> None:
    declared = {"compressor": {"BACKEND": "compressor.storage.CompressorFileStorage"}}
    values = apply({**PROJECT, "STORAGES": declared}, OVERLAY, (5, 2)).values
    for name in ("COMPRESS_STORAGE_ALIAS", "COMPRESS_OFFLINE_MANIFEST_STORAGE_ALIAS"):
        assert values[name] not in values["STORAGES"]


def test_offline_switch_asks_the_release_each_time(tmp_path: Path) -> None:
    manifest = tmp_path / "r1.json"
    switch = OfflineIfCollected(str(manifest))
    assert not switch and not OfflineIfCollected(None)
    manifest.write_text(json.dumps({"paths": {}, "compressor": {}}))
    assert switch
    (tmp_path / "r2.json").write_text(json.dumps({"paths": {}}))
    assert not OfflineIfCollected(str(tmp_path / "r2.json"))


def test_variable_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ValueError, match="STOWAGE_COMPRESSOR_OFFLINE is 'yes'"):
        apply(PROJECT, {**OVERLAY, "STOWAGE_COMPRESSOR_OFFLINE": "yes"}, (5, 2))
