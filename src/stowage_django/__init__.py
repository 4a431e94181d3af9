"""What Stowage puts into the application container.

The package is mounted read-only beside an unmodified Django project. It changes the project's
settings from outside (`apply`, `settings`, `hook`), names the static files of one release
(`storage`), collects them (`collect`) and reports what the project says of itself (`inspect`).

It runs on the container's own Python (3.9 and newer) and Django (4.2 and newer) and needs nothing
else. This file stays empty: with the hook armed, every start of an interpreter imports it.
"""
