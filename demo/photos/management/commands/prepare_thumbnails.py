"""Make the thumbnails of new photos before the first visitor asks for them."""

import os
import signal
from argparse import ArgumentParser
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from easy_thumbnails.alias import aliases
from easy_thumbnails.exceptions import EasyThumbnailsError
from easy_thumbnails.files import get_thumbnailer

from photos.models import Photo


class Command(BaseCommand):
    help = "Make the thumbnails of photos that have none yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="Go on until stopped.")
        parser.add_argument(
            "--interval",
            type=float,
            default=float(os.environ.get("WORKER_INTERVAL", "15")),
            help="Seconds between two looks.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["watch"]:
            self.prepare()
            return

        stopped = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        self.stdout.write("Waiting for new photos.")
        while not stopped.is_set():
            close_old_connections()
            try:
                self.prepare()
            except DatabaseError as error:
                # Before the first migrate there are no tables yet.
                reason, _, _ = str(error).partition("\n")
                self.stderr.write(f"Database not ready: {reason}")
            stopped.wait(options["interval"])

    def prepare(self) -> None:
        """Make what is missing; a photo whose file cannot be read is tried again next time."""
        for photo in Photo.objects.filter(prepared=False):
            try:
                thumbnailer = get_thumbnailer(photo.image)
                for options in aliases.all(photo.image).values():
                    thumbnailer.get_thumbnail(options)
            except (OSError, EasyThumbnailsError) as error:
                self.stderr.write(f"Photo {photo.pk} cannot be read: {error}")
                continue
            Photo.objects.filter(pk=photo.pk).update(prepared=True)
            self.stdout.write(f"Photo {photo.pk} prepared: {photo.image.name}")
