import tempfile
from io import BytesIO, StringIO
from pathlib import Path

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import TestCase, override_settings
from django.urls import reverse
from PIL import Image

from photos.models import Photo


def picture(name: str = "lake.png") -> SimpleUploadedFile:
    buffer = BytesIO()
    Image.new("RGB", (640, 480), "#336699").save(buffer, "PNG")
    return SimpleUploadedFile(name, buffer.getvalue(), content_type="image/png")


class PhotoTests(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.media = Path(folder.name)
        override = override_settings(MEDIA_ROOT=folder.name)
        override.enable()
        self.addCleanup(override.disable)

    def test_upload_leads_to_the_page_of_the_photo(self) -> None:
        response = self.client.post(
            reverse("photos:add"), {"title": "Lake", "image": picture()}, follow=True
        )
        photo = Photo.objects.get()
        self.assertRedirects(response, photo.get_absolute_url())
        self.assertContains(response, f'href="{photo.image.url}"')
        self.assertTrue((self.media / photo.image.name).is_file())

    def test_something_else_than_a_picture_is_refused(self) -> None:
        text = SimpleUploadedFile("lake.png", b"no picture")
        response = self.client.post(reverse("photos:add"), {"title": "Lake", "image": text})
        self.assertEqual(response.status_code, 200)
        self.assertFalse(Photo.objects.exists())

    def test_lists_show_thumbnails(self) -> None:
        Photo.objects.create(title="Lake", image=picture())
        for address in (reverse("home"), reverse("photos:list")):
            with self.subTest(address):
                self.assertContains(self.client.get(address), ".360x270_")

    def test_worker_prepares_thumbnails_once(self) -> None:
        photo = Photo.objects.create(title="Lake", image=picture())
        output = StringIO()
        call_command("prepare_thumbnails", stdout=output)
        call_command("prepare_thumbnails", stdout=output)
        self.assertEqual(output.getvalue().count("prepared"), 1)
        photo.refresh_from_db()
        self.assertTrue(photo.prepared)
        self.assertEqual(len(list(self.media.rglob("*.*"))), 3)

    def test_worker_goes_on_when_a_file_is_missing(self) -> None:
        photo = Photo.objects.create(title="Lake", image=picture())
        Path(photo.image.path).unlink()
        errors = StringIO()
        call_command("prepare_thumbnails", stderr=errors)
        self.assertIn("cannot be read", errors.getvalue())
        photo.refresh_from_db()
        self.assertFalse(photo.prepared)
