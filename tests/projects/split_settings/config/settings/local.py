from .base import *  # noqa: F403
from .base import BASE_DIR

DEBUG = True
SECRET_KEY = "local-development-only"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
CELERY_TASK_ALWAYS_EAGER = True
