"""What a project does itself: django-compressor, at request time and offline, and vite."""

from __future__ import annotations

import json
import re

from checks import IMMUTABLE, Site, assets
from server import Server, play, succeed

PLACE = "/var/lib/stowage/kiosk/static"
OUTPUT = re.compile(r"/static/CACHE/(css|js)/output\.[0-9a-f]{12}\.(css|js)$")
OFFLINE = json.dumps({"static_files_compressor_offline_enabled": True})


def outputs(site: Site) -> list[str]:
    """What django-compressor made of the page's blocks; each is served as what it is."""
    found = [url for url in assets(site.page("/")) if OUTPUT.search(url)]
    for url in found:
        answer = site.request(url)
        assert (answer.status, answer.headers["cache-control"]) == (200, IMMUTABLE), url
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in ("text/css", "text/javascript", "application/javascript"), url
    return found


def generated(server: Server) -> list[str]:
    """What the application has written while it runs."""
    return sorted(server.shell(f"cd {PLACE}/generated && find . -type f -printf '%P\\n'").split())


def test_compressor_at_request_time_has_a_place_to_write(server: Server) -> None:
    found = outputs(server.site("kiosk"))
    assert [url.rpartition(".")[2] for url in found] == ["css", "js"]
    assert generated(server) == sorted(url.removeprefix("/static/") for url in found)


def test_what_vite_has_hashed_keeps_its_names(server: Server) -> None:
    site = server.site("kiosk")
    named = [url for url in assets(site.page("/")) if url.startswith("/static/dist/")]
    assert len(named) == 2
    inner = ["map-C7hVn2Lq.js", "place-D4kW0zPe.js", "tile-Dq3V7xYb.png"]
    for url in [*named, *(f"/static/dist/assets/{name}" for name in inner)]:
        answer = site.request(url)
        assert (answer.status, answer.headers["cache-control"]) == (200, IMMUTABLE), url
        content = server.shell(f"cat /srv/bundles/frontend/{url.removeprefix('/static/')} | md5sum")
        published = server.shell(f"cat {PLACE}/pool/{url.removeprefix('/static/')} | md5sum")
        assert published == content, url


def test_offline_each_release_has_its_own_outputs(server: Server) -> None:
    site = server.site("kiosk")
    before, written = outputs(site), generated(server)
    succeed(play("deploy_site", "kiosk", OFFLINE))
    assert outputs(site) == before
    server.shell("echo 'h1 { color: teal }' >> /srv/bundles/static/css/base.css")
    succeed(play("release_site", "kiosk", OFFLINE))
    after = outputs(site)
    assert (after[0] != before[0], after[1] == before[1]) == (True, True)
    assert site.request(before[0]).status == 200
    assert generated(server) == written
    server.run("stowage", "-p", "kiosk", "static", "rollback")
    assert outputs(site) == before


def test_a_block_that_needs_a_request_stops_the_change_to_offline(server: Server) -> None:
    page = "/srv/bundles/board/templates/board/index.html"
    site = server.site("kiosk")
    before = outputs(site)
    style = "{% compress css %}<style>b { color: {{ theme }} }</style>{% endcompress %}"
    server.shell(f"cp {page} /root/index.html && echo '{style}' >> {page}")
    done = play("release_site", "kiosk", OFFLINE)
    server.shell(f"cp /root/index.html {page}")
    assert done.returncode != 0
    assert "board/index.html" in done.stdout
    assert "theme" in done.stdout
    assert outputs(site) == before


def test_a_page_that_names_a_missing_hashed_file_undoes_the_switch(server: Server) -> None:
    page = "/srv/bundles/board/templates/board/index.html"
    site = server.site("kiosk")
    before = outputs(site)
    link = '<link rel="prefetch" href="/static/css/gone.0123456789ab.css">'
    server.shell(f"cp {page} /root/index.html && echo '{link}' >> {page}")
    text = server.shell("stowage -p kiosk static publish 2>&1", check=False)
    server.shell(f"cp /root/index.html {page}")
    assert "names static files that are not served: /static/css/gone.0123456789ab.css 404" in text
    assert "serves again" in text
    assert outputs(site) == before
    assert link not in site.page("/")
