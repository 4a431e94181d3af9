"""The least that an honest look at static files costs: set Django up, read and hash every file.

Run by the path of this file in the project's interpreter; it imports nothing of the benchmarks.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def main() -> int:
    """Read the static folders of the applications and of STATICFILES_DIRS; returns the count."""
    import django
    from django.apps import apps
    from django.conf import settings

    django.setup()
    folders = [os.path.join(config.path, "static") for config in apps.get_app_configs()]
    folders += [str(Path(folder)) for folder in settings.STATICFILES_DIRS]
    count = 0
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
                count += 1
    return count


if __name__ == "__main__":
    print(main())
