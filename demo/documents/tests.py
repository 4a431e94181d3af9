import tempfile

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase, override_settings
from django.urls import reverse

from documents.models import Document


class DocumentTests(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        override = override_settings(MEDIA_ROOT=folder.name)
        override.enable()
        self.addCleanup(override.disable)

    def test_upload_leads_to_the_page_of_the_document(self) -> None:
        minutes = SimpleUploadedFile("minutes.txt", b"All present.\n")
        response = self.client.post(
            reverse("documents:add"), {"title": "Minutes", "file": minutes}, follow=True
        )
        document = Document.objects.get()
        self.assertRedirects(response, document.get_absolute_url())
        self.assertContains(response, f'href="{document.file.url}"')
        self.assertEqual(document.size, 13)

    def test_size_is_kept_when_only_the_title_changes(self) -> None:
        document = Document.objects.create(
            title="Minutes", file=SimpleUploadedFile("minutes.txt", b"All present.\n")
        )
        document = Document.objects.get(pk=document.pk)
        document.title = "Minutes of May"
        document.save()
        self.assertEqual(document.size, 13)

    def test_list_names_documents(self) -> None:
        Document.objects.create(title="Minutes", file=SimpleUploadedFile("minutes.txt", b"x"))
        self.assertContains(self.client.get(reverse("documents:list")), "Minutes")
