"""The overlay as a pure function of fragments and project."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from stowage_host import overlay
from stowage_host.errors import StowageError
from stowage_host.inspection import Inspection
from stowage_host.overlay import MediaPlace, bind, find_media, image_groups
from stowage_host.project import Paths, Project
from stowage_host.yaml import Override, Reset

CONFIG: dict[str, Any] = {
    "name": "shop",
    "services": {
        "web": {
            "build": {"context": "/srv/shop"},
            "ports": [
                {"published": "80", "target": 8000, "protocol": "tcp"},
                {"published": "9000", "target": 9000, "protocol": "tcp"},
            ],
            "networks": {"front": None, "default": None},
        },
        "worker": {"build": {"context": "/srv/shop"}},
        "db": {"image": "postgres:17"},
    },
    "volumes": {"uploads": {"name": "shop_uploads"}},
}
FRAGMENTS: dict[str, dict[str, Any]] = {
    "media_files": {
        "compose": {
            "django_services": {"volumes": [{"type": "media", "target": "@MEDIA_ROOT"}]},
            "services": {
                "nginx": {"volumes": [{"type": "media", "target": "/m", "read_only": True}]}
            },
        }
    },
    "nginx_site": {
        "compose": {
            "services": {"nginx": {"image": "n", "ports": [{"published": "80", "target": 80}]}}
        }
    },
    "storage_env": {"compose": {"django_services": {"env_file": ["/etc/stowage/shop/env/s.env"]}}},
}


def build(project: Project, paths: Paths, inspection: Inspection | None, **kw: Any) -> Any:
    media = kw.get("media", MediaPlace("bind", "/data/media", "/app/media"))
    inspections = {"web": inspection} if inspection else {}
    return overlay.build(project, paths, CONFIG, FRAGMENTS, inspections, media)["services"]


def test_django_services_run_the_release_and_cannot_be_built(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    services = build(project, paths, inspection)
    for name in ("web", "worker"):
        assert services[name]["image"] == "stowage/shop:current"
        assert services[name]["pull_policy"] == "never"
        assert services[name]["build"] == Reset()
    assert "db" not in services


def test_release_env_comes_last_so_that_nothing_of_the_roles_hides_it(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    assert build(project, paths, inspection)["web"]["env_file"] == [
        "/etc/stowage/shop/env/s.env",
        str(paths.release_env),
    ]


def test_only_the_host_port_that_nginx_takes_is_given_up(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    ports = build(project, paths, inspection)["web"]["ports"]
    assert isinstance(ports, Override)
    assert [port["published"] for port in ports.value] == ["9000"]


def test_nginx_joins_the_networks_of_the_serving_service(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    assert build(project, paths, inspection)["nginx"]["networks"] == ["default", "front"]


def test_media_are_mounted_where_the_project_and_nginx_look(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    services = build(project, paths, inspection)
    mounts = {entry["target"]: entry for entry in services["web"]["volumes"]}
    assert mounts["/app/media"]["source"] == "/data/media"
    assert "read_only" not in mounts["/app/media"]
    assert services["nginx"]["volumes"] == [
        {
            "type": "bind",
            "source": "/data/media",
            "target": "/m",
            "read_only": True,
            "bind": {"create_host_path": False},
        }
    ]


def test_application_may_write_static_files_only_where_it_makes_them_at_requests(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    static = bind("/data/static", "/var/lib/stowage/static")
    fragment = {"compose": {"django_services": {"volumes": [static]}}}
    fragments = {**FRAGMENTS, "static_files": fragment}
    for mode, expected in (("request", [False]), ("offline", []), (None, [])):
        inspections = {"web": replace(inspection, compressor=mode)}
        document = overlay.build(project, paths, CONFIG, fragments, inspections, None)
        for name in ("web", "worker"):
            volumes = document["services"][name]["volumes"]
            assert volumes.index(static) < len(volumes) - len(expected)
            places = [volume for volume in volumes if volume["target"].endswith("/generated")]
            assert [bool(place.get("read_only")) for place in places] == expected
        document = overlay.build(project, paths, CONFIG, FRAGMENTS, inspections, None)
        assert "/generated" not in overlay.text(document, project), "static files are not ours"


def test_without_an_inspection_nothing_of_the_settings_is_touched(
    project: Project, paths: Paths
) -> None:
    web = build(project, paths, None, media=None)["web"]
    assert web["environment"] == {}
    assert not [entry for entry in web["volumes"] if entry["target"].endswith(".pth")]


BY_MODULE = {
    "STOWAGE_SETTINGS_MODULE": "shop.settings",
    "DJANGO_SETTINGS_MODULE": "stowage_django.settings",
}
BY_HOOK = {"STOWAGE_SETTINGS_MODULE": "shop.settings", "STOWAGE_HOOK": "1"}


@pytest.mark.parametrize(
    ("way", "command", "expected"),
    [
        pytest.param("settings", None, BY_MODULE, id="by-module"),
        pytest.param("hook", None, BY_HOOK, id="by-hook"),
        pytest.param(
            "settings",
            ["python", "manage.py", "work", "--settings=shop.settings"],
            BY_HOOK,
            id="the-command-names-the-settings",
        ),
        pytest.param(
            "settings",
            ["sh", "-c", "DJANGO_SETTINGS_MODULE=shop.settings exec gunicorn"],
            BY_HOOK,
            id="the-command-sets-the-variable",
        ),
    ],
)
def test_the_two_ways_of_the_settings(
    project: Project, way: str, command: list[str] | None, expected: dict[str, str]
) -> None:
    assert overlay.settings_environment(project, {"command": command}, way) == expected


def test_roles_that_disagree_are_an_error() -> None:
    into = {"a": {"b": 1}}
    with pytest.raises(StowageError, match=r"conf\.d/nginx_site\.json: b"):
        overlay.merge("nginx_site", into, {"a": {"b": 2}})


def test_services_of_one_build_share_an_image_and_others_do_not() -> None:
    config = {
        "services": {
            "web": {"build": {"context": "."}},
            "worker": {"build": {"context": "."}},
            "beat": {"build": {"context": ".", "target": "beat"}},
            "old": {"image": "registry.example.org/old:1"},
        }
    }
    assert image_groups(["web", "worker", "beat", "old"], config) == {
        "web": "web",
        "worker": "web",
        "beat": "beat",
        "old": "old",
    }


def volumes(*entries: dict[str, str]) -> dict[str, Any]:
    return {"services": {"web": {"volumes": list(entries)}}, "volumes": CONFIG["volumes"]}


@pytest.mark.parametrize(
    ("config", "directory", "volume", "expected"),
    [
        pytest.param(
            volumes(), "", "", MediaPlace("bind", "/own", "/app/media"), id="own-directory"
        ),
        pytest.param(
            volumes({"type": "volume", "source": "uploads", "target": "/app/media/"}),
            "",
            "",
            MediaPlace("volume", "uploads", "/app/media", adopted=True),
            id="the-projects-own-volume",
        ),
        pytest.param(
            volumes({"type": "volume", "source": "uploads", "target": "/app"}),
            "",
            "",
            MediaPlace("volume", "uploads", "/app/media", adopted=True, subpath="media"),
            id="a-volume-above-media-root",
        ),
        pytest.param(
            volumes(
                {"type": "bind", "source": "/srv/shop", "target": "/app"},
                {"type": "bind", "source": "/data/m", "target": "/app/media"},
            ),
            "",
            "",
            MediaPlace("bind", "/data/m", "/app/media", adopted=True),
            id="the-nearest-mount",
        ),
        pytest.param(
            volumes({"type": "bind", "source": "/srv/shop", "target": "/app/med"}),
            "",
            "",
            MediaPlace("bind", "/own", "/app/media"),
            id="a-like-name-is-no-parent",
        ),
        pytest.param(
            volumes(), "/data", "", MediaPlace("bind", "/data", "/app/media"), id="named-directory"
        ),
        pytest.param(
            volumes(),
            "",
            "shop_uploads",
            MediaPlace("volume", "uploads", "/app/media"),
            id="volume-by-the-engines-name",
        ),
        pytest.param(
            volumes(),
            "",
            "elsewhere",
            MediaPlace("volume", "stowage_media", "/app/media", external="elsewhere"),
            id="volume-outside-of-the-project",
        ),
    ],
)
def test_where_media_are(
    project: Project, config: dict[str, Any], directory: str, volume: str, expected: MediaPlace
) -> None:
    assert find_media(project, config, "/app/media", directory, volume, "/own") == expected


def test_each_image_gets_the_wiring_that_fits_it(
    project: Project, paths: Paths, inspection: Inspection
) -> None:
    """A worker of another image has its own interpreter and its own MEDIA_ROOT."""
    config = {
        "name": "shop",
        "services": {
            "web": {"build": {"context": "."}},
            "worker": {"build": {"context": ".", "target": "worker"}},
        },
    }
    other = replace(inspection, purelib="/opt/venv/site-packages", media_root="/code/media")
    media = MediaPlace("bind", "/data/media", "/app/media")
    both = {"web": inspection, "worker": other}
    services = overlay.build(project, paths, config, FRAGMENTS, both, media)["services"]
    targets = [entry["target"] for entry in services["worker"]["volumes"]]
    assert services["worker"]["image"] == "stowage/shop:current-worker"
    assert "/opt/venv/site-packages/stowage.pth" in targets
    assert "/code/media" in targets
    assert "/app/media" in [entry["target"] for entry in services["web"]["volumes"]]
