"""The pure function: settings and environment in, changes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stowage_django.apply import Changes, apply

FILE_SYSTEM = "django.core.files.storage.FileSystemStorage"
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
MANIFEST = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
RELEASE = "stowage_django.storage.ReleaseManifestStaticFilesStorage"
PROJECT = "stowage_django.storage.ProjectStaticFilesStorage"
WHITENOISE = "whitenoise.storage.CompressedManifestStaticFilesStorage"
S3 = "storages.backends.s3.S3Storage"


def env(**variables: str) -> dict[str, str]:
    return {f"STOWAGE_{name}": value for name, value in variables.items()}


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="empty"),
        pytest.param({"STATIC_URL": "x/", "STATIC_ROOT": Path("/x")}, id="places"),
        pytest.param({"STORAGES": {"default": {}, "staticfiles": {}}}, id="storages"),
        pytest.param({"INSTALLED_APPS": ["x"], "FILE_UPLOAD_PERMISSIONS": None}, id="others"),
    ],
)
def test_without_variables_nothing_changes(settings: dict[str, Any]) -> None:
    assert apply(settings, {"RELEASE_ID": "an/id of the project's"}, (5, 2)) == Changes()


def test_empty_variable_counts_as_absent() -> None:
    assert apply({}, env(STATIC_URL="", PHASE="", RELEASE_ID=""), (5, 2)) == Changes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(Path("/old"), Path("/new"), id="path_stays_path"),
        pytest.param("/old", "/new", id="str_stays_str"),
        pytest.param("/old/", "/new/", id="last_slash_stays"),
        pytest.param(None, "/new", id="unset_becomes_str"),
    ],
)
def test_root_keeps_its_type(old: Any, new: Any) -> None:
    value = apply({"STATIC_ROOT": old}, env(STATIC_ROOT="/new"), (5, 2)).values["STATIC_ROOT"]
    assert (value, type(value)) == (new, type(new))


@pytest.mark.parametrize(
    ("storages", "changed"),
    [
        pytest.param(None, {"default": {"BACKEND": FILE_SYSTEM}}, id="no_storages"),
        pytest.param({}, {"default": {"BACKEND": FILE_SYSTEM}}, id="empty_storages"),
        pytest.param(
            {"default": {"BACKEND": S3}}, {"default": {"BACKEND": S3}}, id="without_staticfiles"
        ),
        pytest.param(
            {"staticfiles": {"BACKEND": PLAIN}, "x": {"BACKEND": S3, "OPTIONS": {"a": 1}}},
            {"default": {"BACKEND": FILE_SYSTEM}, "x": {"BACKEND": S3, "OPTIONS": {"a": 1}}},
            id="without_default_with_another",
        ),
    ],
)
def test_storages_get_the_alias_that_is_missing(storages: Any, changed: dict[str, Any]) -> None:
    settings = {} if storages is None else {"STORAGES": storages}
    changes = apply(settings, env(STATIC_STORAGE="release_manifest"), (5, 2))
    assert changes.values["STORAGES"] == {"staticfiles": {"BACKEND": RELEASE}, **changed}


def test_settings_given_are_not_touched() -> None:
    storages = {"staticfiles": {"BACKEND": PLAIN, "OPTIONS": {"location": "/old"}}}
    apply({"STORAGES": storages}, env(STATIC_STORAGE="default", STATIC_ROOT="/new"), (5, 2))
    assert storages == {"staticfiles": {"BACKEND": PLAIN, "OPTIONS": {"location": "/old"}}}


@pytest.mark.parametrize("version", [(4, 2), (5, 0)], ids=["django4.2", "django5.0"])
def test_old_django_gets_storages_and_loses_the_legacy_names(version: tuple[int, int]) -> None:
    settings = {"DEFAULT_FILE_STORAGE": S3, "STATICFILES_STORAGE": WHITENOISE}
    changes = apply(settings, env(STATIC_STORAGE="release_manifest"), version)
    assert changes.values["STORAGES"] == {
        "default": {"BACKEND": S3},
        "staticfiles": {"BACKEND": RELEASE},
    }
    assert changes.removed == {"DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE"}


def test_old_django_is_left_to_refuse_both_vocabularies() -> None:
    settings = {"DEFAULT_FILE_STORAGE": S3, "STORAGES": {"default": {"BACKEND": S3}}}
    changes = apply(settings, env(STATIC_STORAGE="default"), (4, 2))
    assert "STORAGES" not in changes.values and not changes.removed


def test_new_django_ignores_the_legacy_names_and_that_is_reported() -> None:
    changes = apply({"DEFAULT_FILE_STORAGE": S3}, {}, (5, 1))
    assert "STORAGES" not in changes.values
    assert changes.notes == [
        f"DEFAULT_FILE_STORAGE = '{S3}' has no effect: Django 5.1 reads STORAGES only."
    ]
    assert changes.values["STOWAGE_NOTES"] == tuple(changes.notes)


@pytest.mark.parametrize(
    ("storages", "honoured"),
    [
        pytest.param({}, S3, id="without_storages"),
        pytest.param({"STORAGES": {"default": {"BACKEND": FILE_SYSTEM}}}, S3, id="with_defaults"),
        pytest.param({"STORAGES": {"default": {"BACKEND": "x.Y"}}}, "x.Y", id="not_over_storages"),
    ],
)
def test_legacy_names_are_honoured_on_demand(storages: dict[str, Any], honoured: str) -> None:
    settings = {"DEFAULT_FILE_STORAGE": S3, **storages}
    changes = apply(settings, env(HONOUR_LEGACY="1"), (6, 0))
    assert changes.values["STORAGES"]["default"] == {"BACKEND": honoured}
    assert "DEFAULT_FILE_STORAGE" in changes.notes[-1]


def test_legacy_name_says_the_truth_after_its_storage_was_replaced() -> None:
    settings = {"STATICFILES_STORAGE": WHITENOISE, "DEFAULT_FILE_STORAGE": S3}
    values = apply(settings, env(STATIC_STORAGE="release_manifest"), (5, 2)).values
    assert values["STATICFILES_STORAGE"] == RELEASE
    assert "DEFAULT_FILE_STORAGE" not in values


@pytest.mark.parametrize(
    ("wanted", "phase", "own", "backend"),
    [
        pytest.param("default", "run", WHITENOISE, PLAIN, id="default"),
        pytest.param("manifest", "collect", PLAIN, MANIFEST, id="manifest_collects_as_django"),
        pytest.param("manifest", "run", PLAIN, PROJECT, id="manifest_reads_the_releases"),
        pytest.param("release_manifest", "collect", WHITENOISE, RELEASE, id="release_collects"),
        pytest.param("release_manifest", "run", WHITENOISE, RELEASE, id="release_runs"),
        pytest.param("project", "collect", WHITENOISE, WHITENOISE, id="project_collects_as_ever"),
        pytest.param("project", "run", WHITENOISE, PROJECT, id="project_reads_the_releases"),
        pytest.param("project", "run", PLAIN, PLAIN, id="project_without_manifest_stays"),
    ],
)
def test_static_storage(wanted: str, phase: str, own: str, backend: str) -> None:
    settings = {"STORAGES": {"staticfiles": {"BACKEND": own}}}
    environment = env(STATIC_STORAGE=wanted, PHASE=phase, RELEASE_ID="r1", STATIC_ROOT="/s/tree")
    changes = apply(settings, environment, (5, 2))
    storages = changes.values["STORAGES"]
    assert storages["staticfiles"] == {"BACKEND": backend}


def test_replaced_storage_is_reported_without_the_values_of_its_options() -> None:
    settings = {"STORAGES": {"default": {"BACKEND": S3, "OPTIONS": {"secret_key": "hush"}}}}
    notes = apply(settings, env(MEDIA_BACKEND="local"), (5, 2)).notes
    assert any(S3 in note and "secret_key" in note for note in notes)
    assert not any("hush" in note for note in notes)


@pytest.mark.parametrize("alias", ["django.core.files.storage.filesystem", FILE_SYSTEM[:-18]])
def test_local_media_keep_their_options_and_move_their_location(alias: str) -> None:
    options = {"location": Path("/old"), "allow_overwrite": True}
    spec = {"BACKEND": f"{alias.rstrip('.')}.FileSystemStorage", "OPTIONS": options}
    settings = {"STORAGES": {"default": spec, "staticfiles": {"BACKEND": PLAIN}}}
    changes = apply(settings, env(MEDIA_BACKEND="local", MEDIA_ROOT="/new"), (5, 2))
    moved = {"location": Path("/new"), "allow_overwrite": True}
    assert changes.values["STORAGES"]["default"] == {**spec, "OPTIONS": moved}


@pytest.mark.parametrize("apps", [["a"], ("a",)], ids=["list", "tuple"])
def test_our_app_comes_first_in_a_sequence_of_the_same_type(apps: Any) -> None:
    environment = env(STATIC_STORAGE="release_manifest", RELEASE_ID="r1")
    value = apply({"INSTALLED_APPS": apps}, environment, (5, 2)).values["INSTALLED_APPS"]
    assert (list(value), type(value)) == (["stowage_django", "a"], type(apps))


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param(env(STATIC_STORAGE="release_manifest"), id="without_release"),
        pytest.param(
            env(STATIC_STORAGE="release_manifest", RELEASE_ID="r1", PHASE="collect"),
            id="collecting",
        ),
        pytest.param(env(RELEASE_ID="r1"), id="without_static_files"),
    ],
)
def test_our_app_stays_out(environment: dict[str, str]) -> None:
    assert "INSTALLED_APPS" not in apply({"INSTALLED_APPS": ["a"]}, environment, (5, 2)).values


SECURITY = "django.middleware.security.SecurityMiddleware"
SERVES = "whitenoise.middleware.WhiteNoiseMiddleware"
POOL = "stowage_django.middleware.pool_middleware"


@pytest.mark.parametrize(
    ("own", "after", "place"),
    [
        pytest.param(["a", SECURITY, "b"], ["a", SECURITY, POOL, "b"], SECURITY, id="list"),
        pytest.param((SECURITY, "b"), (SECURITY, POOL, "b"), SECURITY, id="tuple"),
        pytest.param(["a"], [POOL, "a"], "as the first", id="without_security"),
        pytest.param(None, [POOL], "as the first", id="without_any"),
        pytest.param(
            [SECURITY, "a", SERVES], [SECURITY, "a", POOL], f"in place of {SERVES}", id="in_place"
        ),
    ],
)
def test_whitenoise_gets_a_middleware(own: Any, after: Any, place: str) -> None:
    settings = {} if own is None else {"MIDDLEWARE": own}
    environment = env(STATIC_SERVER="whitenoise", STATIC_POOL="/p", STATIC_LIFETIME="60")
    changes = apply(settings, environment, (5, 2))
    assert changes.values["MIDDLEWARE"] == after
    assert changes.values["STOWAGE_STATIC_POOL"] == "/p"
    assert changes.values["STOWAGE_STATIC_LIFETIME"] == 60
    assert [place in note for note in changes.notes] == [True]
    again = apply({**settings, **changes.values}, environment, (5, 2))
    assert "MIDDLEWARE" not in again.values and again.notes == []


def test_whitenoises_middleware_has_its_places_by_default() -> None:
    values = apply({}, env(STATIC_SERVER="whitenoise"), (5, 2)).values
    assert values["STOWAGE_STATIC_POOL"] == "/var/lib/stowage/static/pool"
    assert values["STOWAGE_STATIC_LIFETIME"] == 300


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param(env(STATIC_SERVER="nginx", STATIC_POOL="/p"), id="nginx_serves"),
        pytest.param(env(STATIC_SERVER="whitenoise", PHASE="collect"), id="collecting"),
    ],
)
def test_middleware_stays_as_it_is(environment: dict[str, str]) -> None:
    changes = apply({"MIDDLEWARE": [SERVES]}, environment, (5, 2))
    assert (changes.values, changes.notes) == ({}, [])


@pytest.mark.parametrize(
    ("environment", "manifest"),
    [
        pytest.param(
            {**env(MANIFEST_DIR="/m", RELEASE_ID="r1"), "RELEASE_ID": "r2"}, "/m/r1.json", id="ours"
        ),
        pytest.param(
            {"RELEASE_ID": "r2"}, "/var/lib/stowage/static/manifests/r2.json", id="fallback"
        ),
        pytest.param({}, None, id="no_release"),
        pytest.param(
            env(PHASE="collect", STATIC_ROOT="/staging/tree"),
            "/staging/manifest.json",
            id="collect",
        ),
    ],
)
def test_manifest_is_that_of_the_release(environment: dict[str, str], manifest: str | None) -> None:
    environment = {**environment, **env(STATIC_STORAGE="release_manifest")}
    assert apply({}, environment, (5, 2)).values["STOWAGE_MANIFEST"] == manifest


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        pytest.param({"LOGO": "/old/logo.png"}, ["LOGO"], id="string"),
        pytest.param({"EDITOR": {"css": ["/old/a.css", "/b"]}}, ["EDITOR['css'][0]"], id="nested"),
        pytest.param({"LOGIN_URL": "/older/", "X": "/"}, [], id="only_similar"),
        pytest.param({"COMPRESS_ROOT": Path("/srv/old")}, ["COMPRESS_ROOT"], id="root"),
    ],
)
def test_values_derived_from_old_places_are_reported(
    settings: dict[str, Any], labels: list[str]
) -> None:
    settings = {**settings, "STATIC_URL": "/old/", "STATIC_ROOT": Path("/srv/old")}
    notes = apply(settings, env(STATIC_URL="/new/", STATIC_ROOT="/srv/new"), (5, 2)).notes
    assert [note.split(" is ")[0] for note in notes] == labels


def test_same_url_in_djangos_relative_spelling_derives_nothing() -> None:
    settings = {"STATIC_URL": "static/", "LOGO": "static/logo.png"}
    assert apply(settings, env(STATIC_URL="/static/"), (5, 2)).notes == []


@pytest.mark.parametrize(
    ("settings", "file_mode", "directory_mode"),
    [
        pytest.param({}, None, 0o755, id="djangos_defaults"),
        pytest.param({"FILE_UPLOAD_PERMISSIONS": None}, 0o644, 0o755, id="none"),
        pytest.param(
            {"FILE_UPLOAD_PERMISSIONS": 0o640, "FILE_UPLOAD_DIRECTORY_PERMISSIONS": 0o750},
            None,
            None,
            id="the_projects_own_stay",
        ),
    ],
)
def test_uploads_are_readable_for_nginx(
    settings: dict[str, Any], file_mode: int | None, directory_mode: int | None
) -> None:
    values = apply(settings, env(UPLOAD_LIMIT="1000"), (5, 2)).values
    assert values["DATA_UPLOAD_MAX_MEMORY_SIZE"] == 1000
    assert values.get("FILE_UPLOAD_PERMISSIONS") == file_mode
    assert values.get("FILE_UPLOAD_DIRECTORY_PERMISSIONS") == directory_mode


def test_private_uploads_are_reported() -> None:
    changes = apply({"FILE_UPLOAD_PERMISSIONS": 0o600}, env(MEDIA_BACKEND="local"), (5, 2))
    assert "0o600" in changes.notes[0]


@pytest.mark.parametrize("version", [(4, 2), (5, 2)], ids=["django4.2", "django5.2"])
def test_applied_to_its_own_result_it_changes_nothing_more(version: tuple[int, int]) -> None:
    settings: dict[str, Any] = {
        "STATICFILES_STORAGE": WHITENOISE,
        "STATIC_URL": "/old/",
        "LOGO": "/old/logo.png",
        "INSTALLED_APPS": ("a",),
    }
    environment = env(STATIC_STORAGE="project", RELEASE_ID="r1", STATIC_URL="/new/")
    for storage in ("project", "release_manifest", "manifest"):
        environment["STOWAGE_STATIC_STORAGE"] = storage
        once, twice = dict(settings), dict(settings)
        for result, times in ((once, 1), (twice, 2)):
            for _ in range(times):
                changes = apply(result, environment, version)
                result.update(changes.values)
                for name in changes.removed:
                    del result[name]
        assert once == twice


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        pytest.param("STATIC_URL", "/static", "end with a slash", id="url_without_last_slash"),
        pytest.param("MEDIA_URL", "media/", "begin with a slash", id="url_without_first_slash"),
        pytest.param("STATIC_URL", "/a b/", "slash", id="url_with_space"),
        pytest.param("MEDIA_URL", "https://cdn.example.org", "slash", id="address_without_slash"),
        pytest.param("STATIC_ROOT", "static", "absolute path", id="relative_root"),
        pytest.param("RELEASE_ID", "a/b", "plain name", id="release_with_slash"),
        pytest.param("RELEASE_ID", "..", "plain name", id="release_parent_folder"),
        pytest.param("RELEASE_ID", "-x", "plain name", id="release_like_an_option"),
        pytest.param("RELEASE_ID", "x" * 129, "128", id="release_too_long"),
        pytest.param("STATIC_STORAGE", "hashed", "release_manifest", id="unknown_static_storage"),
        pytest.param("MEDIA_BACKEND", "ftp", "local, project", id="unknown_media_backend"),
        pytest.param("PHASE", "build", "run, collect", id="unknown_phase"),
        pytest.param("STATIC_SERVER", "apache", "nginx, whitenoise", id="unknown_static_server"),
        pytest.param("STATIC_POOL", "pool", "absolute path", id="relative_pool"),
        pytest.param("STATIC_LIFETIME", "5m", "from 0 to 31536000", id="lifetime_with_unit"),
        pytest.param("STATIC_LIFETIME", "31536001", "a year", id="lifetime_too_long"),
        pytest.param("UPLOAD_LIMIT", "25M", "number of bytes", id="limit_with_unit"),
        pytest.param("UPLOAD_LIMIT", "0", "greater than 0", id="limit_zero"),
    ],
)
def test_bad_value_is_refused_by_variable_value_and_remedy(
    name: str, value: str, remedy: str
) -> None:
    with pytest.raises(ValueError) as error:
        apply({}, env(**{name: value}), (5, 2))
    message = str(error.value)
    assert f"STOWAGE_{name}" in message and repr(value) in message and remedy in message


@pytest.mark.parametrize("url", ["/", "/static/", "https://cdn.example.org/static/"])
def test_good_url_is_taken(url: str) -> None:
    assert apply({}, env(STATIC_URL=url), (5, 2)).values == {"STATIC_URL": url}


def test_django_without_storages_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Django 3\.2 is too old"):
        apply({}, {}, (3, 2, 25))
