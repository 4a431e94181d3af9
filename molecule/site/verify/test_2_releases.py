"""Releases: identity, content, a release that breaks, rollback, what old releases leave."""

from __future__ import annotations

import json
import re
import time

import pytest
from poller import PagePoller
from releases import CSS, change_css, css, current, polled, releases
from server import Server, play, succeed


def test_a_changed_stylesheet_is_a_new_release_and_the_old_one_answers_on(server: Server) -> None:
    site = server.site("trails")
    old = css(site)
    change_css(server, "red")
    with polled(server):
        succeed(play("release_site", "trails"))
    assert site.request(old).status == 200
    assert css(site) != old
    row = releases(server)[-1]
    assert (row["current"], row["new_files"]) == (True, 1)


def test_a_second_release_without_a_change_is_none(server: Server) -> None:
    before = releases(server)
    assert "changed=0" in succeed(play("release_site", "trails"))
    assert releases(server) == before


def test_a_given_id_names_the_release_and_is_refused_for_other_content(server: Server) -> None:
    change_css(server, "green")
    succeed(play("release_site", "trails", "static_files_release_id=v1.0"))
    assert current(server) == "v1.0"
    change_css(server, "blue")
    done = play("release_site", "trails", "static_files_release_id=v1.0")
    assert done.returncode != 0
    assert "static_files_release_id: 'v1.0': was used for other content" in done.stdout
    assert current(server) == "v1.0"


def test_a_release_that_does_not_start_is_put_back(server: Server) -> None:
    """The application dies at import; the message has its own words, and the site serves on."""
    site, before, serving = server.site("trails"), css(server.site("trails")), current(server)
    wsgi = "/srv/configurations/trails/wsgi.py"
    server.shell(f"cp {wsgi} /root/wsgi.py && echo 'raise RuntimeError(\"no start\")' >> {wsgi}")
    done = play("release_site", "trails")
    server.shell(f"cp /root/wsgi.py {wsgi}")
    assert done.returncode != 0
    assert "no start" in done.stdout
    assert f"{serving} serves again" in done.stdout
    assert (css(site), current(server)) == (before, serving)


@pytest.mark.parametrize(
    ("project", "place"),
    [
        pytest.param("trails", CSS, id="found-by-the-projects-own-build"),
        pytest.param(
            "shoebox", "/srv/legacy_names/static/styles/shoebox.css", id="found-by-the-collector"
        ),
    ],
)
def test_a_missing_reference_stops_the_release_before_the_switch(
    server: Server, project: str, place: str
) -> None:
    before = releases(server, project)
    server.shell(f"cp {place} /root/css && echo '.x {{ background: url(nowhere.png) }}' >> {place}")
    done = play("release_site", project)
    server.shell(f"cp /root/css {place}")
    assert done.returncode != 0
    assert "nowhere.png" in done.stdout
    assert releases(server, project) == before


def freeze(server: Server, container: str) -> list[str]:
    """The packages of the application in a container."""
    return server.shell(f"docker exec {container} python -m pip freeze").splitlines()


def test_a_package_that_the_image_lacks_comes_by_a_layer(server: Server) -> None:
    """The project's own packages keep their versions, its own image stays what it was."""
    before = set(freeze(server, server.container("library", "web")))
    variables = json.dumps({"storage_env_packages": ["whitenoise==6.12.0"]})
    succeed(play("deploy_site", "library", variables))
    for service in ("web", "worker"):
        found = freeze(server, server.container("library", service))
        assert set(found) == before | {"whitenoise==6.12.0"}
    web = server.container("library", "web")
    assert server.shell(f"docker exec {web} id -un").strip() == "library"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        pytest.param(
            {"static_files_release_strategy": "image_tag"},
            "static_files_release_strategy: 'image_tag': the service web has no image with a tag",
            id="an-image-without-a-tag",
        ),
        pytest.param(
            {"static_files_release_strategy": "git_revision"},
            "static_files_release_strategy: 'git_revision': /srv/configurations is no git checkout",
            id="no-git-checkout",
        ),
        pytest.param(
            {
                "static_files_release_strategy": "function",
                "static_files_release_function": "platform.libc_ver",
            },
            "static_files_release_function: .* is no plain name",
            id="a-function-that-gives-no-plain-name",
        ),
    ],
)
def test_an_identity_that_cannot_be_determined_is_an_error(
    server: Server, variables: dict[str, str], words: str
) -> None:
    before = releases(server)
    done = play("release_site", "trails", json.dumps(variables))
    assert done.returncode != 0
    assert re.search(words, re.sub(r"\s+", " ", done.stdout)), done.stdout[-3000:]
    assert releases(server) == before


def test_a_release_is_named_by_the_projects_own_function(server: Server) -> None:
    """A function of the image's own code, run in the new image before anything is published."""
    server.shell(
        "printf 'def name():\\n    return \"spring\"\\n' > /srv/configurations/trails/naming.py"
    )
    variables = {
        "static_files_release_strategy": "function",
        "static_files_release_function": "trails.naming.name",
    }
    succeed(play("release_site", "trails", json.dumps(variables)))
    assert current(server) == "spring"
    change_css(server, "gold")
    output = succeed(play("release_site", "trails", json.dumps(variables)))
    assert current(server) == "spring-2"
    assert "spring was used for other content" in re.sub(r"\s+", " ", output)


def test_a_release_is_named_by_the_git_revision(server: Server) -> None:
    revision = server.shell(
        "cd /srv/configurations && git init --quiet && git add . && "
        "git -c user.name=a -c user.email=a@example.org commit --quiet --message a && "
        "git rev-parse --short=12 HEAD"
    ).strip()
    succeed(play("release_site", "trails", "static_files_release_strategy=git_revision"))
    assert current(server) == revision
    assert releases(server)[-1]["revision"] == revision


def test_the_application_answers_all_along(server: Server) -> None:
    """Two releases of the demo, its page asked again and again: a second container takes over."""
    site = server.site("library")
    place = "/srv/library/library/wsgi.py"
    poller = PagePoller(site.address, site.port, site.host, "/healthz")
    poller.start()
    for number in (1, 2):
        server.shell(f"echo '# {number}' >> {place}")
        server.run("stowage", "-p", "library", "static", "publish")
    count = poller.stop()
    assert count.requests > 200
    assert [str(fault) for fault in (*count.wrong, *count.refused)] == []
    assert server.container("library", "web")


def test_rollback_takes_no_longer_than_the_restart(server: Server) -> None:
    """To the release before and, by name, forward again; a deployment leaves a rollback alone."""
    change_css(server, "teal")
    server.run("stowage", "-p", "trails", "static", "publish")
    site, rows = server.site("trails"), releases(server)
    serving, before = str(rows[-1]["id"]), str(rows[-2]["id"])
    new = css(site)
    with polled(server):
        output = succeed(play("roll_back_site", "trails"))
    assert site.request(new).status == 200
    assert (current(server), css(site) != new) == (before, True)
    assert "changed=1" in output
    output = succeed(play("deploy_site", "trails"))
    assert current(server) == before
    assert f"{serving} was rolled back to {before}" in re.sub(r"\s+", " ", output)
    started = time.monotonic()
    server.run("stowage", "-p", "trails", "static", "rollback", serving)
    assert (current(server), css(site)) == (serving, new)
    print(f"rollback by hand: {time.monotonic() - started:.1f} s")


def test_a_rollback_to_nowhere_is_refused(server: Server) -> None:
    serving = current(server)
    done = play("roll_back_site", "trails", "static_files_roll_back_to=nowhere")
    assert done.returncode != 0
    assert "static_files_roll_back_to: 'nowhere': no such release; there are" in done.stdout
    assert current(server) == serving


def test_pruning_drops_old_releases_and_only_what_they_alone_need(server: Server) -> None:
    site, rows = server.site("trails"), releases(server)
    kept = [str(row["id"]) for row in rows[-2:]]
    page = css(site)
    pool = server.shell("find /var/lib/stowage/trails/static/pool -type f | wc -l")
    conf = "/etc/stowage/trails/conf.d/static_files.json"
    server.shell(
        f'sed -i.was \'s/"keep_days": [0-9.]*/"keep_days": 0/; '
        f's/"keep_releases": [0-9]*/"keep_releases": 2/\' {conf}'
    )
    server.run("stowage", "-p", "trails", "--dry-run", "static", "prune")
    assert len(releases(server)) == len(rows)
    server.run("stowage", "-p", "trails", "static", "prune")
    server.shell(f"mv {conf}.was {conf}")
    assert [row["id"] for row in releases(server)] == kept
    assert int(server.shell("find /var/lib/stowage/trails/static/pool -type f | wc -l")) < int(pool)
    assert site.request(page).status == 200
    tags = server.shell("docker image ls --format '{{.Tag}}' stowage/trails").split()
    assert sorted(tags) == sorted([*kept, "current"])
