"""The inner engine's store: seeded once with images and a warm build cache, copied per server."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from stowage_bed import images, projects
from stowage_bed.docker import LABEL, BedError, listed, run, works
from stowage_bed.progress import Watch, say

SEEDER = "stowage-bed-seed"
"""Container that fills a seed. While it exists, killed or running, its volume is unfinished."""

SEED = f"{LABEL}.seed"
SERVER_OPTIONS = Path(__file__).resolve().parent.parent / "server.json"
WAIT = "/usr/local/libexec/stowage-bed/wait-running"

MOUNTED_SEED = "/usr/local/lib/stowage-bed/seed"
"""Where a server has the seed, read-only: the finished layers of its store are links to there."""

COPY = r"""
set -eu
from=/seed to=/store
[ ! -e "$to/.stowage-bed" ] || exit 0
find "$to" -mindepth 1 -delete
cd "$from"
for entry in *; do
    case $entry in
        # The seeder's subnets, chosen where it stood: the server's own network may be one of them.
        overlay2 | network) ;;
        *) cp --archive "$entry" "$to/" ;;
    esac
done
mkdir -m 0710 "$to/overlay2"
cp --archive overlay2/l "$to/overlay2/"
for layer in overlay2/*/committed; do
    layer=${layer%/committed}
    mkdir -m 0710 "$to/$layer"
    for part in "$layer"/*; do
        [ "$part" = "$layer/diff" ] || cp --archive "$part" "$to/$layer/"
    done
    ln -s "$1/$layer/diff" "$to/$layer/diff"
done
# What the engine has not marked as committed, it may still mount as a writable layer.
for layer in overlay2/*; do
    [ -e "$to/$layer" ] || cp --archive "$layer" "$to/overlay2/"
done
touch "$to/.stowage-bed"
"""


def seed() -> str:
    """Return the name of the volume that holds the seeded store, making it where it is missing.

    The name ends in a hash of the images and of the projects' build inputs. Seeds of other hashes
    are removed where no store needs them. Raises BedError where the inner engine fails.
    """
    inputs = json.dumps([images.build(), projects.build_inputs_hash()], sort_keys=True)
    volume = f"stowage-bed-engine-{hashlib.sha256(inputs.encode()).hexdigest()[:12]}"
    discard_unfinished()
    if works("volume", "inspect", volume):
        return volume
    watch = Watch()
    say("seeding the inner engine's store")
    run("volume", "create", "--label", f"{LABEL}=seed", volume)
    try:
        start_seeder(volume)
        load_images()
        for folder in projects.projects():
            warm(folder)
        stop_seeder()
    except BaseException:
        # Also after an interrupt; a kill is met by discard_unfinished in the next run.
        discard_unfinished()
        works("volume", "rm", volume)
        raise
    for old in listed("volume", f"label={LABEL}=seed"):
        if old != volume and not listed("volume", f"label={SEED}={old}"):
            works("volume", "rm", old)
    say(f"seeded in {watch}")
    return volume


def discard_unfinished() -> None:
    """Remove the container of a seeding that did not come to its end, and its volume."""
    for container in listed("container", f"name=^{SEEDER}$"):
        volume = run("inspect", "--format", f'{{{{index .Config.Labels "{SEED}"}}}}', container)
        run("rm", "--force", "--volumes", container)
        works("volume", "rm", volume)


def start_seeder(volume: str) -> None:
    """Start a server on the volume and wait until its engine answers."""
    options: dict[str, Any] = json.loads(SERVER_OPTIONS.read_text())
    arguments = [f"--cap-add={name}" for name in options["bed_capabilities"]]
    arguments += [f"--security-opt={text}" for text in options["bed_security_opts"]]
    arguments += [f"--tmpfs={text}" for text in options["bed_tmpfs"]]
    arguments += ["--volume", options["bed_control_groups"], "--cgroupns=host"]
    arguments += ["--volume", f"{volume}:/var/lib/docker"]
    arguments += ["--label", f"{LABEL}=seed", "--label", f"{SEED}={volume}"]
    run("run", "--detach", "--name", SEEDER, *arguments, "stowage-bed/server:latest")
    for _ in range(50):
        if works("exec", SEEDER, "true"):
            break
        time.sleep(0.1)
    run("exec", SEEDER, WAIT, timeout=90)


def load_images() -> None:
    """Load the images into the inner engine under the names that projects know."""
    watch = Watch()
    inner = [image for image in images.IMAGES if image.usual]
    tags = [image.tag for image in inner]
    with subprocess.Popen(["docker", "save", *tags], stdout=subprocess.PIPE) as save:
        run("exec", "-i", SEEDER, "docker", "load", "--quiet", stdin=save.stdout)
    if save.returncode != 0:
        raise BedError(f"docker save {' '.join(tags)} failed ({save.returncode}).")
    for image in inner:
        run("exec", SEEDER, "docker", "tag", image.tag, image.usual)
    run("exec", SEEDER, "docker", "rmi", *tags)
    say(f"loaded {len(inner)} images in {watch}")


def warm(folder: Path) -> None:
    """Build a project's images for their cached layers; a failing build only makes tests slower."""
    watch = Watch()
    target = f"/srv/{folder.name}"
    projects.copy(folder, SEEDER, target)
    for dockerfile in projects.dockerfiles(folder):
        build = ["docker", "buildx", "build", "--quiet", "--output=type=cacheonly", "--file"]
        try:
            run("exec", "--workdir", target, SEEDER, *build, str(dockerfile), ".")
            say(f"warmed {folder.name}/{dockerfile} in {watch}")
        except BedError as error:
            say(f"{folder.name}/{dockerfile} does not build, its layers stay cold: {error}")


def stop_seeder() -> None:
    """Leave nothing in the store that is written again, stop its engine cleanly, remove the server.

    Uploaded contexts and cache mounts are changed in place by later builds; layers never are.
    """
    for kind in ("source.local", "exec.cachemount"):
        run("exec", SEEDER, "docker", "builder", "prune", "--force", "--filter", f"type={kind}")
    run(
        "exec", SEEDER, "systemctl", "stop", "docker.service", "docker.socket", "containerd.service"
    )
    run("rm", "--force", "--volumes", SEEDER)


def fill(volume: str, bed: str) -> str:
    """Make a volume with a store for one server of `bed`; return the seed's name.

    The server needs the seed at MOUNTED_SEED, read-only. A volume that was filled before stays as
    it is, and its own seed is returned, also when there is a newer one.
    """
    source = seed()
    if works("volume", "inspect", volume):
        source = run("volume", "inspect", "--format", f'{{{{index .Labels "{SEED}"}}}}', volume)
        if not works("volume", "inspect", source):
            raise BedError(f"The seed of volume {volume} is gone. Destroy bed {bed} and repeat.")
    else:
        run("volume", "create", "--label", f"{LABEL}={bed}", "--label", f"{SEED}={source}", volume)
    run(
        *("run", "--rm", "--network=none", "--label", f"{LABEL}=copy"),
        # trusted.* attributes, by which overlay2 marks what a layer hides, are an administrator's.
        *("--cap-add=SYS_ADMIN", "--userns=host", "--security-opt=label=disable"),
        *("--volume", f"{source}:/seed:ro", "--volume", f"{volume}:/store"),
        *(images.BASE.tag, "sh", "-c", COPY, "copy", MOUNTED_SEED),
    )
    return source


def clean() -> None:
    """Remove every container, network, volume and image that carries the bed's label."""
    for kind, options in (
        ("container", ["--force", "--volumes"]),
        ("network", []),
        ("volume", ["--force"]),
        ("image", ["--force"]),
    ):
        found = listed(kind, f"label={LABEL}")
        if found:
            run(kind, "rm", *options, *found)
            say(f"removed {len(found)} {kind}{'s' if len(found) > 1 else ''}")
