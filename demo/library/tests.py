from django.test import TestCase


class SiteTests(TestCase):
    def test_empty_library_has_a_front_page(self) -> None:
        response = self.client.get("/")
        self.assertContains(response, "No photos yet.")
        self.assertContains(response, "No documents yet.")

    def test_healthy_with_a_database(self) -> None:
        response = self.client.get("/healthz")
        self.assertEqual(response.content, b"ok\n")
        self.assertIn("no-cache", response["Cache-Control"])
