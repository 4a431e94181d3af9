"""The demo: an ordinary Django project, deployed by the playbooks to an embedded server.

`up` makes the server, deploys demo/ over ssh, releases it a second time with a changed stylesheet,
uploads a file through the project's own form and prints a table of live checks. `down` removes
everything. The site stays up on 127.0.0.1:DEMO_PORT (8080) in between.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from checks import Check, Site, compare_project, run_checks, upload_document

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = REPOSITORY / ".cache" / "demo"
SERVER = "stowage-demo-server"
PORT = os.environ.get("DEMO_PORT", "8080")
SSH_PORT = os.environ.get("DEMO_SSH_PORT", "8022")
INVENTORY = REPOSITORY / "inventories" / "demo"
ACCENT, OTHER_ACCENT = "--accent: #1f6f54;", "--accent: #7a2f6b;"


def say(text: str) -> None:
    """One line of progress with the time since the start."""
    print(f"[{time.monotonic() - STARTED:5.1f} s] {text}", flush=True)


STARTED = time.monotonic()


def environment() -> dict[str, str]:
    """What ansible-playbook gets: the collection of this checkout, and the way to the server."""
    return {
        **os.environ,
        "ANSIBLE_HOME": str(REPOSITORY / ".ansible"),
        "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "DEMO_SSH_PORT": SSH_PORT,
        "DEMO_SSH_KEY": str(CACHE / "id_ed25519"),
    }


def call(log: str, *words: str) -> str:
    """Run a program; its output goes to .cache/demo/LOG.log, and to the terminal when it fails."""
    done = subprocess.run(
        words,
        cwd=REPOSITORY,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (CACHE / f"{log}.log").write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-40:]))
        raise SystemExit(
            f"demo: {' '.join(words[:3])} failed; all of it is in .cache/demo/{log}.log"
        )
    return done.stdout


def playbook(log: str, *words: str) -> str:
    """ansible-playbook of the virtual environment that runs this file."""
    return call(log, str(Path(sys.executable).with_name("ansible-playbook")), *words)


def deploy(log: str, name: str, *extra: str) -> None:
    """A playbook of the collection by its full name, over ssh, as a user would call it."""
    playbook(log, "--inventory", str(INVENTORY), f"stowage.django.{name}", *extra)


def make_server() -> None:
    """The server of the test bed, with a key for root and the ports of the demo."""
    key = CACHE / "id_ed25519"
    if not key.exists():
        call("key", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    ports = f'["127.0.0.1:{PORT}:80", "127.0.0.1:{SSH_PORT}:22"]'
    playbook(
        "create",
        "--inventory",
        "localhost,",
        "molecule/default/create.yml",
        "--extra-vars",
        f'{{"bed_name": "stowage-demo", "bed_published_ports": {ports}, '
        f'"bed_ssh_public_key_file": "{key}.pub"}}',
    )


def bed(verb: str) -> None:
    """A verb of the test bed, its progress on the terminal."""
    words = [sys.executable, str(REPOSITORY / "tests" / "bed" / "bed.py"), verb]
    code = subprocess.run(words, cwd=REPOSITORY, check=False).returncode
    if code:
        raise SystemExit(code)


def changed_copy() -> Path:
    """A copy of demo/ with another colour: the second release, without a touch on the project."""
    copy = CACHE / "project"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(REPOSITORY / "demo", copy, ignore=shutil.ignore_patterns("__pycache__"))
    css = copy / "assets" / "css" / "site.css"
    css.write_text(css.read_text(encoding="utf-8").replace(ACCENT, OTHER_ACCENT), encoding="utf-8")
    return copy


def up() -> int:
    """Set everything up and show it; 0 where every check holds."""
    CACHE.mkdir(parents=True, exist_ok=True)
    for verb in ("engine", "seed"):
        bed(verb)
    down()
    say("Starting the server")
    make_server()
    site = Site("127.0.0.1", int(PORT))
    say("Deploying demo/ with stowage.django.deploy_site over ssh")
    deploy("deploy", "deploy_site")
    first = site.page("/")
    say("Uploading a file through the project's form")
    uploaded = upload_document(site)
    say("Releasing it again with a changed stylesheet")
    deploy("release", "release_site", "--extra-vars", f"project_source_directory={changed_copy()}")
    say("Deploying once more: nothing may change")
    deploy("again", "deploy_site", "--extra-vars", f"project_source_directory={CACHE / 'project'}")
    checks = run_checks(site, first, uploaded)
    checks.append(compare_project(REPOSITORY, SERVER))
    checks.append(unchanged((CACHE / "again.log").read_text(encoding="utf-8")))
    show(checks)
    say(f"The site is up: http://127.0.0.1:{PORT}/ (make demo-down removes it)")
    return 0 if all(check.holds for check in checks) else 1


def unchanged(log: str) -> Check:
    """The last line of Ansible's recap says that a second deployment changed nothing."""
    recap = [line for line in log.splitlines() if line.startswith("demo ") and "changed=" in line]
    words = recap[-1].split(":", 1)[1].split() if recap else ["no recap"]
    counts = [word for word in words if word.startswith(("changed=", "failed="))]
    return Check(
        "a second deploy_site changes nothing",
        counts == ["changed=0", "failed=0"],
        " ".join(counts or words),
    )


def show(checks: list[Check]) -> None:
    """The table of what was asked of the running site."""
    width = max(len(check.what) for check in checks)
    print()
    for check in checks:
        print(f"  {'ok  ' if check.holds else 'FAIL'}  {check.what:<{width}}  {check.seen}")
    print()


def down() -> int:
    """Remove the server with all that is on it."""
    if (REPOSITORY / ".ansible").exists():
        playbook(
            "destroy",
            "--inventory",
            "localhost,",
            "molecule/default/destroy.yml",
            "--extra-vars",
            "bed_name=stowage-demo",
        )
    return 0


if __name__ == "__main__":
    verbs = {"up": up, "down": down}
    if len(sys.argv) != 2 or sys.argv[1] not in verbs:
        raise SystemExit("usage: demo.py up|down")
    CACHE.mkdir(parents=True, exist_ok=True)
    raise SystemExit(verbs[sys.argv[1]]())
