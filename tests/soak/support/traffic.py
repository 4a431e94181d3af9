"""Releases and rollbacks without a fault, the application's requests, and what is refused."""

from __future__ import annotations

import json
import subprocess
import time

from faults import Run, stopping
from poller import FilePoller, PagePoller
from server import HOSTS, PORTS, play

from .bed import DIRECTORY
from .kills import STEPS, Case
from .world import PROJECT, WORDS, State, World, expect

LIVE_PORT = 8090
COLLECT = """
import os, sys
import configurations
configurations.setup()
from django.core.management import call_command
from django.test import override_settings
storage = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
with override_settings(STATIC_ROOT="/live/static", STORAGES={"staticfiles": {"BACKEND": storage}}):
    call_command("collectstatic", interactive=False, clear=len(sys.argv) > 1, verbosity=0)
"""
RATE = 200
"""Requests a second that the poller must reach."""
ROLLBACK_EXTRA_SECONDS = 1.0


def releases(world: World) -> None:
    """Twenty releases and five rollbacks; a page stays whole for two releases more."""
    pages: list[State] = [world.state()]
    for number in range(1, 21):
        world.change()
        answer = world.publish()
        expect(answer["changed"] and not answer["warnings"], f"release {number}: {answer}")
        pages.append(world.state())
        expect(pages[-1].assets != pages[-2].assets, "the page names the old files still")
        for page in pages[-3:]:
            world.check_assets(page)
        if number % 4 == 0:
            back = world.stowage("static", "rollback")
            expect(back["release"] == pages[-2].release, f"rollback: {back}")
            expect(world.state() == pages[-2], "another page than before")
            world.check_assets(pages[-1])
    world.check_clean()


def poll(world: World) -> None:
    """The poller reaches its rate while nothing happens, and finds nothing."""
    mark = world.poller.mark()
    time.sleep(20)
    count = world.poller.since(mark)
    world.figures["rate"] = round(count.rate)
    expect(count.rate >= RATE, f"{count.rate:.0f} requests a second")


def live_directory(world: World) -> None:
    """What the poller says of Django's own collectstatic into a directory that is served."""
    image = f"stowage/{PROJECT}:current"
    user = "-e DJANGO_SECRET_KEY=x --user 0 --volume /srv/live:/live"
    collect = f"docker run --rm -i {user} {image} python -"
    world.server.shell(
        f"mkdir -p /srv/live && {collect} <<'END'\n{COLLECT}\nEND\n"
        f"docker run --detach --name live --publish {LIVE_PORT}:80 "
        "--volume /srv/live:/usr/share/nginx/html:ro nginx:1.28"
    )
    try:
        text = world.server.run("cat", "/srv/live/static/staticfiles.json")
        paths: dict[str, str] = json.loads(text)["paths"]
        for option, name in (("clear", "wrong_clear"), ("", "wrong_plain")):
            poller = FilePoller(world.address, LIVE_PORT, "live", lambda: [paths], control="")
            poller.start()
            for _ in range(5):
                world.server.shell(f"{collect} {option} <<'END'\n{COLLECT}\nEND")
            count = poller.stop()
            world.figures[name] = f"{len(count.wrong)} of {count.requests}"
            world.figures.setdefault("seen", []).extend(
                sorted({fault.what.split(" with ")[0] for fault in count.wrong})[:3]
            )
            if option:
                expect(count.wrong, "the poller saw nothing: it cannot see the fault")
    finally:
        world.server.shell("docker rm --force live; rm -rf /srv/live")


def application(world: World) -> None:
    """Five releases by a second container: not one request to the application fails."""
    poller = PagePoller(world.address, PORTS[PROJECT], HOSTS[PROJECT], "/healthz/", rate=60)
    poller.start()
    for _ in range(5):
        world.change()
        world.publish()
    count = poller.stop()
    world.figures["application_requests"] = count.requests
    faults = [str(fault) for fault in (*count.wrong, *count.refused)]
    expect(not faults, f"{len(faults)} of {count.requests} failed: {faults[:5]}")
    expect(count.rate >= 50, f"only {count.requests} in {count.seconds:.0f} s")


def two_runs(world: World) -> None:
    """While one releases, another is refused at once, or waits and then finds nothing to do."""
    before = world.state()
    with stopping(world.server):
        world.change()
        run = Run.of_command(world.server, PROJECT, WORDS, STEPS["collect"])
        refused = world.call("--lock-wait", "0", *WORDS)
        expect(refused.code == 7, f"exit code {refused.code}: {refused.text}")
        holder = f"stowage static publish, process {run.id}"
        expect(holder in refused.text, f"the message says: {refused.text}")
        words = ["docker", "exec", world.server.name, "stowage", "-p", PROJECT, *WORDS]
        waiting = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        time.sleep(3)
        expect(waiting.poll() is None, "the second run did not wait")
        run.go_on()
        first = run.finish()
    expect(first.code == 0, f"the first run failed: {first.text}")
    answer = json.loads(waiting.communicate(timeout=120)[0])
    expect(waiting.returncode == 0 and not answer["changed"], f"the second run: {answer}")
    expect(world.state().release != before.release, "nothing was released")
    world.check_clean()


HOSTILE = """
import os
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage


class Hostile(ManifestStaticFilesStorage):
    def post_process(self, *args, **options):
        yield from super().post_process(*args, **options)
        os.chdir(self.location)
        {deed}
"""
DEEDS = {
    "link": "os.symlink('../../../ledger.json', 'ledger.css')",
    "pipe": "os.mkfifo('pipe.css')",
    "long name": "open('x' * 251 + '.css', 'w').close()",
    "manifest": "self.hashed_files['a.css'] = '../../../../../../etc/passwd'; self.save_manifest()",
}


def hostile(world: World) -> None:
    """A storage of the project's own that writes what must not become public."""
    before = world.state()
    settings = f"{DIRECTORY}/trails/settings.py"
    storage = "whitenoise.storage.CompressedManifestStaticFilesStorage"
    world.server.shell(f"cp {settings} /root/ && sed -i s/{storage}/trails.own.Hostile/ {settings}")
    try:
        for name, deed in DEEDS.items():
            code = HOSTILE.format(deed=deed)
            world.server.shell(f"cat > {DIRECTORY}/trails/own.py <<'END'\n{code}\nEND")
            # The image's own build would run it, too.
            world.server.shell(
                f"sed -i.whole '/collectstatic/d; s/uploads .$/uploads/' {DIRECTORY}/Dockerfile"
            )
            done = play("release_site", PROJECT, "static_files_storage=project")
            world.server.shell(f"mv {DIRECTORY}/Dockerfile.whole {DIRECTORY}/Dockerfile")
            expect(done.returncode, f"{name} was published")
            said = " ".join(done.stdout.split())
            expect("not published" in said or "outside" in said or "longer" in said, said[-900:])
            world.check_untouched(before)
    finally:
        world.server.shell(f"cp /root/settings.py {settings}; rm {DIRECTORY}/trails/own.py")
    world.change()
    world.check_next(before)


def broken_start(world: World) -> None:
    """A release that does not start is put back, with its own words; the next one completes."""
    before = world.state()
    wsgi = f"{DIRECTORY}/trails/wsgi.py"
    world.server.shell(
        f"cp {wsgi} /root/wsgi.py && echo 'raise RuntimeError(\"no start\")' >> {wsgi}"
    )
    world.change()
    started = time.monotonic()
    outcome = world.call(*WORDS)
    world.figures["put_back_seconds"] = round(time.monotonic() - started, 1)
    world.server.shell(f"cp /root/wsgi.py {wsgi}")
    expect(outcome.code == 6 and "no start" in outcome.text, outcome.text[-900:])
    expect(f"{before.release} serves again" in outcome.text, outcome.text[-900:])
    world.check_untouched(before)
    world.check_next(before)


def rollback(world: World) -> None:
    """By hand, the former page is served no later than a plain restart and a second would take.

    Until the command ends it takes longer: it drains and stops the container that served before.
    """
    restarts, served, ended = [], [], []
    rows = [str(row["id"]) for row in world.releases()[-2:]]
    for _ in range(3):
        started = time.monotonic()
        world.stowage_compose("restart", "web")
        world.wait_for_page()
        restarts.append(time.monotonic() - started)
        former = world.state()
        words = ["static", "rollback", rows[rows[0] == former.release]]
        started = time.monotonic()
        line = ["docker", "exec", world.server.name, "stowage", "-p", PROJECT, *words]
        running = subprocess.Popen(line, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while former.assets[0] in world.site.page("/") and running.poll() is None:
            time.sleep(0.02)
        served.append(time.monotonic() - started)
        expect(running.wait() == 0, "the rollback failed")
        ended.append(time.monotonic() - started)
        expect(world.state().release != former.release, f"{former.release} serves still")
        world.check_page()
    restart, page, command = (sorted(times)[1] for times in (restarts, served, ended))
    world.figures.update(
        restart_seconds=round(restart, 1),
        rollback_served_seconds=round(page, 1),
        rollback_command_seconds=round(command, 1),
    )
    expect(
        page <= restart + ROLLBACK_EXTRA_SECONDS,
        f"the former page came after {page:.1f} s, a plain restart took {restart:.1f} s",
    )


CASES: dict[str, Case] = {
    "poller": poll,
    "collectstatic into a live directory": live_directory,
    "releases": releases,
    "application": application,
    "two runs": two_runs,
    "hostile storage": hostile,
    "broken start": broken_start,
    "rollback": rollback,
}
