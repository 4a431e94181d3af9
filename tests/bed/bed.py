#!/usr/bin/env python3
"""The test bed's verbs: `python tests/bed/bed.py VERB`; see README.md beside this file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stowage_bed import engine, images, projects, store
from stowage_bed.docker import BedError
from stowage_bed.lock import locked
from stowage_bed.progress import say


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="bed.py", description="The test bed of stowage.django.")
    verbs = top.add_subparsers(dest="verb", required=True)
    verbs.add_parser("engine", help="make a Docker engine answer")
    verbs.add_parser("build", help="make the images that are missing or out of date")
    verbs.add_parser("seed", help="make the inner engine's store: images and a warm build cache")
    fill = verbs.add_parser("store", help="make a volume with a server's store, print its seed")
    fill.add_argument("volume", help="name of the volume")
    fill.add_argument("bed", help="name of the bed that the server belongs to")
    copy = verbs.add_parser("copy", help="copy a directory into a container")
    copy.add_argument("source", help="directory on this machine")
    copy.add_argument("container", help="name of a running container")
    copy.add_argument("target", help="absolute directory in the container")
    verbs.add_parser("clean", help="remove all images, volumes, containers, networks of the bed")
    return top


def main() -> int:
    """Run one verb; return 0, or 1 after one sentence about what is wrong."""
    arguments = parser().parse_args()
    try:
        run_verb(arguments)
    except BedError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted; the same command continues")
        return 130
    return 0


def run_verb(arguments: argparse.Namespace) -> None:
    """Do what the command line asks for."""
    if arguments.verb == "copy":
        projects.copy(Path(arguments.source), arguments.container, arguments.target)
        return
    with locked():
        if arguments.verb == "engine":
            engine.ensure()
            return
        engine.require()
        if arguments.verb == "build":
            images.build()
        elif arguments.verb == "seed":
            store.seed()
        elif arguments.verb == "store":
            print(store.fill(arguments.volume, arguments.bed))
        elif arguments.verb == "clean":
            store.clean()


if __name__ == "__main__":
    sys.exit(main())
