"""Bad input: one message with variable, value and remedy, and nothing that serves is touched."""

from __future__ import annotations

import json
import re

import pytest
from server import Server, play, succeed

REFUSALS = {
    "no-directory": (
        {"django_project_dir": "/srv/nowhere", "django_project_name": "new"},
        r"/srv/nowhere.*(no such directory|is no folder|does not exist|not there)",
    ),
    "no-compose-file": (
        {"django_project_dir": "/root", "django_project_name": "new"},
        r"django_project_dir: '/root': has none of compose.yaml",
    ),
    "unknown-service": (
        {"django_project_services": ["wbe"]},
        r"django_project_services: 'wbe': Compose knows no such service; there are web",
    ),
    "settings-do-not-import": (
        {"django_project_settings_module": "trails.nowhere"},
        r"django_project_settings_module: 'trails.nowhere': does not import in "
        r"the container: ModuleNotFoundError",
    ),
    "release-id": (
        {"static_files_release_id": "../x"},
        r"static_files_release_id: .*is no plain name",
    ),
    "no-such-volume": (
        {"media_files_volume": "nosuch"},
        r"media_files_volume: 'nosuch': no such volume on the server",
    ),
    "upload-limit": (
        {"django_project_upload_limit": "lots"},
        r"django_project_upload_limit: .*lots.* is no size",
    ),
    "static-url": (
        {"django_project_static_url": "/static"},
        r"django_project_static_url: ./static. ",
    ),
    "media-url": (
        {"django_project_media_url": "uploads/"},
        r"django_project_media_url: .uploads/. ",
    ),
    "two-projects-of-one-name": (
        {"django_project_dir": "/root"},
        r"django_project_name: 'trails': belongs to the project in /srv/conf",
    ),
    "override-of-its-own": (
        {"compose_wiring_link": "symlink"},
        r"compose_wiring_link: 'symlink': .* has an override",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused_before_anything_changes(server: Server, case: str) -> None:
    variables, words = REFUSALS[case]
    project = "shoebox" if case == "override-of-its-own" else "trails"
    before = server.containers()
    done = play("deploy_site", project, json.dumps(variables))
    assert done.returncode != 0
    text = re.sub(r"\s+", " ", done.stdout)
    assert re.search(words, text), done.stdout[-3000:]
    assert server.containers() == before
    assert "new" not in server.run("stowage", "project", "list").split()


def test_a_compose_that_is_too_old_is_refused(server: Server) -> None:
    """A plugin that says 2.20 stands before the real one for a moment."""
    plugin = "/usr/local/lib/docker/cli-plugins/docker-compose"
    server.shell(
        f"mkdir -p {plugin.rsplit('/', 1)[0]} && cat > {plugin} <<'X'\n"
        '#!/bin/sh\n[ "$1" = docker-cli-plugin-metadata ] && '
        'echo \'{"SchemaVersion":"0.1.0","Vendor":"x","Version":"2.20.0"}\' && exit\n'
        "echo 2.20.0\nX\n"
        f"chmod 755 {plugin}"
    )
    done = play("deploy_site", "trails")
    server.run("rm", plugin)
    assert done.returncode != 0
    assert re.search(r"2\.20\.0.*2\.24\.4", re.sub(r"\s+", " ", done.stdout)), done.stdout[-2000:]


def test_a_host_name_that_the_application_refuses_is_told(server: Server) -> None:
    """A typing mistake that no rule can find: the application's own answer gives it away."""
    variables = {"django_project_hostnames": ["trails.exmaple.org"]}
    output = succeed(play("deploy_site", "trails", json.dumps(variables)))
    text = re.sub(r"\s+", " ", output)
    assert "with Host trails.exmaple.org was answered 400" in text, output[-3000:]


def test_after_all_refusals_a_deployment_changes_nothing(server: Server) -> None:
    before = server.containers()
    for project in ("trails", "shoebox"):
        succeed(play("deploy_site", project))
    assert server.containers() == before
