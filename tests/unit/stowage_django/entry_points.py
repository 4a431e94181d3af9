"""Run a project's four entry points, each in a process of its own; started by a test's interpreter.

The processes are forks of one interpreter that has imported nothing of the project and no settings
of Django, only slow libraries that read none: it is the start that they share, and the time.
Each prints `<entry point>:` and what `probe` sees as JSON; the first failure ends it all.
"""

import os
import runpy
import sys
from importlib import import_module

SHARED = ("asyncio", "celery.app.base", "celery.app.utils", "celery.loaders.app")


def manage() -> None:
    sys.argv = ["manage.py", "probe"]
    runpy.run_path("manage.py", run_name="__main__")


def wsgi() -> None:
    import_module("project.wsgi")
    import_module("probe").report("wsgi")


def asgi() -> None:
    import_module("project.asgi")
    import_module("probe").report("asgi")


def worker() -> None:
    """As `celery -A project worker` begins."""
    app = import_module("celery.app.utils").find_app("project")
    app.loader.import_default_modules()
    import_module("probe").report("worker")


def main() -> int:
    for name in SHARED:
        import_module(name)
    # (kombu looks at django.utils, which reads no settings.)
    assert not {"django.conf", "django.apps", "project"} & set(sys.modules)
    sys.path.insert(0, os.getcwd())
    for entry_point in (manage, wsgi, asgi, worker):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            entry_point()
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1] != 0:
            print(f"the entry point {entry_point.__name__} failed", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
