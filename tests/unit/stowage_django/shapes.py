"""Django projects of many shapes, as users write them: file name -> text.

All serve the same library app and differ in how their settings come about. None knows of Stowage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SETTINGS = """\
import os
BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SECRET_KEY = "not a secret"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles", "library"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
STATIC_URL = "/old-static/"
STATIC_ROOT = os.path.join(BASE_DIR, "old-static")
MEDIA_URL = "/old-media/"
MEDIA_ROOT = os.path.join(BASE_DIR, "old-media")
OF_THE_PROJECT = "kept"
"""
ENTRY = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "{module}")\n'
MANAGE = "from django.core.management import execute_from_command_line\n"
RUN = 'import sys\nif __name__ == "__main__":\n    execute_from_command_line(sys.argv)\n'
WSGI = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n"
CELERY = """\
from celery import Celery
app = Celery("project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
"""
LIBRARY = {
    "library/__init__.py": "",
    "library/apps.py": """\
from django.apps import AppConfig
class LibraryConfig(AppConfig):
    name = "library"
""",
    "library/storage.py": """\
from django.core.files.storage import FileSystemStorage
class Uploads(FileSystemStorage):
    pass
""",
    "library/management/__init__.py": "",
    "library/management/commands/__init__.py": "",
    "library/management/commands/probe.py": """\
from django.core.management.base import BaseCommand
class Command(BaseCommand):
    requires_system_checks = []
    def handle(self, **options):
        import probe
        probe.report("manage")
""",
    "library/static/css/x.css": '@import "y.css";\nbody { background: url("../img/dot.gif") }\n',
    "library/static/css/y.css": "body { color: black }\n",
    "library/static/img/dot.gif": "GIF89a",
}


@dataclass(frozen=True)
class Shape:
    """One project. `root_type`: type of the roots as its code sees them."""

    files: Mapping[str, str]
    module: str = "project.settings"
    environment: Mapping[str, str] = field(default_factory=dict)
    root_type: str = "str"
    sequence_type: str = "list"
    ways: tuple[str, ...] = ("settings", "hook")

    def write(self, folder: Path) -> Path:
        """Write the project; returns its folder."""
        for name, text in {**LIBRARY, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (folder / "probe.py").write_text((Path(__file__).parent / "probe.py").read_text())
        return folder


def _project(
    settings: Mapping[str, str], module: str = "project.settings", entry: str = ENTRY
) -> dict[str, str]:
    entry = entry.format(module=module)
    return {
        "manage.py": entry + MANAGE + RUN,
        "project/__init__.py": "",
        "project/urls.py": "urlpatterns = []\n",
        "project/wsgi.py": entry + WSGI,
        "project/asgi.py": entry + WSGI.replace("wsgi", "asgi"),
        "project/celery.py": entry + CELERY,
        **settings,
    }


def _plain(extra: str = "") -> dict[str, str]:
    return _project({"project/settings.py": SETTINGS + extra})


def plain(extra: str = "", **files: str) -> Shape:
    """The ordinary project with more lines in its settings, and more files ("a__b" for a/b)."""
    more = {name.replace("__", "/") + ".py": text for name, text in files.items()}
    return Shape({**_plain(extra), **more})


CONFIGURATIONS = "from configurations import Configuration\nclass Production(Configuration):\n" + (
    "".join(f"    {line}\n" for line in SETTINGS.splitlines()[1:])
).replace("os.", "__import__('os').")

SHAPES = {
    "plain": Shape(_plain()),
    "path_roots": Shape(
        _plain(
            "from pathlib import Path\nSTATIC_ROOT = Path(BASE_DIR) / 'old-static'\n"
            "MEDIA_ROOT = Path(BASE_DIR) / 'old-media'\n"
        ),
        root_type="PosixPath",
    ),
    "legacy_names": Shape(
        _plain(
            "DEFAULT_FILE_STORAGE = 'library.storage.Uploads'\nSTATICFILES_STORAGE = "
            "'django.contrib.staticfiles.storage.ManifestStaticFilesStorage'\n"
        )
    ),
    "storages_partly": Shape(
        _plain(
            "STORAGES = {'default': {'BACKEND': 'library.storage.Uploads',"
            " 'OPTIONS': {'location': MEDIA_ROOT}}}\n"
        )
    ),
    "tuples": Shape(
        _plain("INSTALLED_APPS = tuple(INSTALLED_APPS)\nMIDDLEWARE = tuple(MIDDLEWARE)\n"),
        sequence_type="tuple",
    ),
    "environ": Shape(
        _plain(
            "import environ\nenv = environ.Env()\nSECRET_KEY = env('SECRET_KEY')\n"
            "DEBUG = env.bool('DEBUG', default=False)\nroot = environ.Path(BASE_DIR)\n"
            "STATIC_ROOT = root.path('old-static')\nMEDIA_ROOT = root.path('old-media')\n"
        ),
        environment={"SECRET_KEY": "from the environment"},
        root_type="Path",
    ),
    "configurations": Shape(
        {
            **_project({"project/settings.py": CONFIGURATIONS}),
            "manage.py": ENTRY.format(module="project.settings")
            + "from configurations.management import execute_from_command_line\n"
            + RUN,
            "project/wsgi.py": ENTRY.format(module="project.settings")
            + WSGI.replace("django.core.wsgi", "configurations.wsgi"),
            "project/asgi.py": ENTRY.format(module="project.settings")
            + WSGI.replace("django.core.wsgi", "configurations.asgi").replace("wsgi", "asgi"),
            "project/celery.py": ENTRY.format(module="project.settings")
            + "import configurations\nconfigurations.setup()\n"
            + CELERY,
        },
        environment={"DJANGO_CONFIGURATION": "Production"},
    ),
    "dynaconf": Shape(
        {
            **_plain("import dynaconf\nsettings = dynaconf.DjangoDynaconf(__name__)\n"),
            "project/settings.toml": "[default]\nOF_THE_PROJECT = 'kept'\n"
            "STATIC_URL = '/old-static/'\n",
        }
    ),
    "split": Shape(
        _project(
            {
                "project/settings/__init__.py": "",
                "project/settings/base.py": SETTINGS,
                "project/settings/production.py": "from .base import *\nDEBUG = False\n",
            },
            module="project.settings.production",
        ),
        module="project.settings.production",
    ),
    "circular": Shape(
        {
            **_plain("from library.helpers import PREFIX\nLATER = PREFIX + STATIC_URL\n"),
            "library/helpers.py": "from django.conf import settings\n"
            "PREFIX = settings.OF_THE_PROJECT\nassert settings.STATIC_URL == '/old-static/'\n",
        }
    ),
    "hard_assigned": Shape(
        _project(
            {"project/settings.py": SETTINGS},
            entry='import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "{module}"\n',
        ),
        ways=("hook",),
    ),
    "eager_package": Shape(
        # `from project import settings` before Django asks, and a package whose import reads
        # django.conf.settings, as one that imports its Celery application does.
        {
            **_plain(),
            "project/__init__.py": ENTRY.format(module="project.settings")
            + "from django.conf import settings as live\nAPPS = list(live.INSTALLED_APPS)\n",
            "library/apps.py": "from project import settings\n" + LIBRARY["library/apps.py"],
        }
    ),
    "direct_import": Shape(
        {
            **_plain(),
            "project/wsgi.py": "from project import settings\n"
            + ENTRY.format(module="project.settings")
            + WSGI,
            "library/apps.py": "from project import settings\n" + LIBRARY["library/apps.py"],
        }
    ),
}
