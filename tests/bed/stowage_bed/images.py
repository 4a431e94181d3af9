"""The bed's images on the outer engine, cached by a hash of what they are made from."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stowage_bed import engine
from stowage_bed.docker import LABEL, BedError, image_labels, run, works
from stowage_bed.progress import Watch, say

SOURCES = Path(__file__).resolve().parent.parent / "images"
INPUTS = f"{LABEL}.inputs"
SUITE = "trixie"
PULL_TIMEOUT = 300
"""Seconds for a pull. A registry out of reach is an error at once on most machines."""


@dataclass(frozen=True)
class Image:
    """One image of the bed.

    `usual` is the name that projects know it by (and the inner engine has it under), empty for
    none; `official` says that the official image of that name serves as well where a registry
    answers. nginx is always made here: the official image has no brotli module.
    """

    name: str
    usual: str = ""
    official: bool = False

    @property
    def tag(self) -> str:
        """Name on the outer engine."""
        return f"stowage-bed/{self.name}:latest"


BASE = Image("debian", "debian:trixie-slim", official=True)
IMAGES = [
    BASE,
    Image("server"),
    Image("postgres", "postgres:17", official=True),
    Image("python", "python:3.13-slim", official=True),
    Image("nginx", "nginx:1.28"),
    Image("redis", "redis:8", official=True),
]


def build() -> dict[str, str]:
    """Make each image that is missing or made from other inputs; return name -> hash of inputs.

    Does nothing, and says nothing, where all are there. Raises BedError with the end of the
    builder's output where one cannot be made.
    """
    extra = extra_certificates(host_bundle())
    wanted = {image.name: inputs_hash(image, extra) for image in IMAGES}
    there = image_labels([image.tag for image in IMAGES])
    stale = [i for i in IMAGES if there.get(i.tag, {}).get(INPUTS) != wanted[i.name]]
    if not stale:
        return wanted
    watch = Watch()
    say(f"making {', '.join(i.name for i in stale)} (all six: about two minutes)")
    registry = True
    if BASE in stale:
        registry = make(BASE, wanted[BASE.name], extra, registry=True)
    elif any(image.official for image in stale):
        registry = works("pull", "--quiet", BASE.usual, timeout=PULL_TIMEOUT)
    with ThreadPoolExecutor(max_workers=2) as pool:
        jobs = [
            pool.submit(make, image, wanted[image.name], extra, registry=registry)
            for image in stale
            if image is not BASE
        ]
        for job in jobs:
            job.result()
    say(f"images made in {watch}")
    return wanted


def make(image: Image, inputs: str, extra: list[str], *, registry: bool) -> bool:
    """Make one image and say so in one line; return whether it was pulled from a registry."""
    watch = Watch()
    pulled = (
        image.official and registry and works("pull", "--quiet", image.usual, timeout=PULL_TIMEOUT)
    )
    with tempfile.TemporaryDirectory(prefix="stowage-bed-") as folder:
        context = Path(folder)
        shutil.copytree(SOURCES / image.name, context, dirs_exist_ok=True)
        write_certificates(extra, context / "certificates")
        if pulled:
            write_trusting_dockerfile(image, context)
        if image is BASE and not pulled:
            bootstrap(context, image, inputs)
        else:
            run("build", "--quiet", *labels(inputs), "--tag", image.tag, folder)
    source = f"pulled as {image.usual}" if pulled else "built from Debian's packages"
    say(f"{image.name:<8} {source} in {watch}")
    return pulled


def labels(inputs: str) -> list[str]:
    """Return the options of `docker build` that mark an image as the bed's."""
    return ["--label", f"{LABEL}=image", "--label", f"{INPUTS}={inputs}"]


def bootstrap(context: Path, image: Image, inputs: str) -> None:
    """Make the base image by mmdebstrap, which asks Debian's mirrors only."""
    if not shutil.which("mmdebstrap"):
        if not (os.geteuid() == 0 and engine.is_debian()):
            raise BedError(
                "No container registry answers, and mmdebstrap, which makes the base image "
                "without one, is missing. Install it: "
                "sudo apt-get install mmdebstrap debian-archive-keyring"
            )
        say("installing mmdebstrap from the distribution's packages")
        engine.install("mmdebstrap", "debian-archive-keyring")
    tar = context / "base.tar"
    done = subprocess.run(
        [
            *("mmdebstrap", "--variant=minbase", "--quiet"),
            f"--setup-hook=mkdir -p \"$1\"/etc/dpkg/dpkg.cfg.d && cp '{context}/90docker.dpkg' "
            '"$1"/etc/dpkg/dpkg.cfg.d/90docker',
            f"--customize-hook=cp '{context}/90docker.apt' \"$1\"/etc/apt/apt.conf.d/90docker",
            '--customize-hook=mkdir -p "$1"/usr/local/share/ca-certificates && '
            f"cp -r '{context}/certificates/.' \"$1\"/usr/local/share/ca-certificates/",
            '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin '
            '"$1"/var/log/*.log "$1"/var/log/apt',
            *(SUITE, str(tar)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BedError(f"mmdebstrap failed ({done.returncode}): {done.stderr[-2000:]}")
    changes = ['CMD ["bash"]', f"LABEL {LABEL}=image", f"LABEL {INPUTS}={inputs}"]
    run("import", *(f"--change={change}" for change in changes), str(tar), image.tag)


def write_trusting_dockerfile(image: Image, context: Path) -> None:
    """Make the context build the official image plus the host's own certificate authorities."""
    lines = [
        f"FROM {image.usual}",
        "COPY certificates/ /usr/local/share/ca-certificates/",
        "RUN if command -v update-ca-certificates; then update-ca-certificates; fi",
    ]
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")


def inputs_hash(image: Image, extra: list[str]) -> str:
    """Return a hash of the image's folder, of its base, and of the certificates in it."""
    folders = [SOURCES / BASE.name, SOURCES / image.name]
    whole = hashlib.sha256("".join(extra).encode())
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.is_file()):
        whole.update(f"{path.relative_to(SOURCES)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()[:16]


def host_bundle() -> Path | None:
    """Return the file of certificate authorities that this machine trusts."""
    usual = [
        os.environ.get("SSL_CERT_FILE", ""),
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ]
    return next((Path(name) for name in usual if name and Path(name).is_file()), None)


def extra_certificates(bundle: Path | None) -> list[str]:
    """Return those certificates of the bundle that no distribution ships: a company's or a lab's.

    Everybody's authorities come with Debian's ca-certificates; where this machine keeps none apart
    (not a Debian), all of the bundle counts as extra.
    """
    pattern = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
    shipped = Path("/usr/share/ca-certificates")
    known = {
        one.strip() for file in shipped.rglob("*.crt") for one in pattern.findall(file.read_text())
    }
    found = pattern.findall(bundle.read_text()) if bundle else []
    return sorted({one.strip() + "\n" for one in found} - {one + "\n" for one in known})


def write_certificates(extra: list[str], folder: Path) -> None:
    """Write one file for each certificate, as update-ca-certificates wants them."""
    folder.mkdir()
    for certificate in extra:
        name = hashlib.sha256(certificate.encode()).hexdigest()[:12]
        (folder / f"host-{name}.crt").write_text(certificate)
