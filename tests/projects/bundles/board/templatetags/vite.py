import json

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join

register = template.Library()


@register.simple_tag
def vite(entry):
    """The tags for one entry point of vite's manifest."""
    chunk = json.loads(settings.VITE_MANIFEST.read_text())[entry]
    sheets = format_html_join(
        "\n",
        '<link rel="stylesheet" href="{}">',
        ((static(f"dist/{name}"),) for name in chunk.get("css", [])),
    )
    script = static(f"dist/{chunk['file']}")
    return format_html('{}\n<script type="module" src="{}"></script>', sheets, script)
