"""Taking Stowage away: the project runs as before, every upload is kept and named."""

from __future__ import annotations

from checks import upload_document
from server import DIRECTORIES, HOSTS, Server, play, succeed


def test_check_mode_removes_nothing(server: Server) -> None:
    before = server.containers()
    files = server.shell("find /etc/stowage /opt/stowage /srv -maxdepth 3 | sort | sha256sum")
    succeed(play("remove_site", "library", check=True))
    assert server.containers() == before
    assert (
        server.shell("find /etc/stowage /opt/stowage /srv -maxdepth 3 | sort | sha256sum") == files
    )


def test_removal_leaves_the_project_and_keeps_its_uploads(server: Server) -> None:
    uploaded = upload_document(server.site("library"))
    name = uploaded.url.rsplit("/", 1)[-1]
    output = succeed(play("remove_site", "library"))
    kept = server.run("find", "/var/lib/stowage/library/media", "-name", name).strip()
    assert kept
    assert "/var/lib/stowage/library/media" in output
    assert server.run("sha256sum", kept).split()[0] == uploaded.sha256
    assert "link" not in server.shell(
        "test -L /srv/library/compose.override.yaml && echo link", check=False
    )
    assert server.shell("ls /etc/stowage").split().count("library") == 0
    images = server.shell(
        f"cd {DIRECTORIES['library']} && "
        "docker compose ps --format '{{.Service}} {{.Image}}'"
    )
    assert "stowage" not in images
    assert "web" in images
    web = server.container("library", "web")
    page = server.shell(
        "ip=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "
        f"{web}); curl --silent --retry 20 --retry-connrefused --retry-delay 1 "
        f"--header 'Host: {HOSTS['library']}' http://$ip:8000/healthz"
    )
    assert page.strip() == "ok"


def test_the_other_projects_serve_on(server: Server) -> None:
    for project in ("larder", "trails", "shoebox"):
        assert server.site(project).request("/").status == 200


def test_removal_a_second_time_changes_nothing(server: Server) -> None:
    assert "changed=0" in succeed(play("remove_site", "library"))
