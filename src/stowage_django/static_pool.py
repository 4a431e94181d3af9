"""The application serves static files itself: `django_project_static_server: whitenoise`.

WhiteNoise reads the names of all files when a process starts, and never sees one that came later.
Here each request looks: first into the pool, where the hashed names of all kept releases are, then
into the current release, then among what the application wrote itself. So a process that started
before a release serves that release's files, too, and one that was switched away from is
not served any more. `apply` puts it (by `middleware`) where WhiteNoise's stands or belongs.
"""

# Django and WhiteNoise have no type hints.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import Any, BinaryIO
from wsgiref.headers import Headers

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings as django_settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from whitenoise.media_types import MediaTypes
from whitenoise.middleware import WhiteNoiseFileResponse, WhiteNoiseMiddleware
from whitenoise.responders import Response

from stowage_django.file_answers import answer, answer_best, open_plain

POOL_CACHE = "public, max-age=31536000, immutable"
MANIFEST = "staticfiles.json"
HASHED = re.compile(r"\.[0-9a-f]{12}\.[^/.]+$")
# What WhiteNoise does not know, or knows by a name of former days; as in nginx.conf.
TYPES = {
    ".csv": "text/csv",
    ".js": "text/javascript",
    ".jxl": "image/jxl",
    ".map": "application/json",
    ".mjs": "text/javascript",
    ".opus": "audio/ogg",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".vtt": "text/vtt",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
FONTS = ("font/", "application/vnd.ms-fontobject")
BLOCK_BYTES = 256 * 1024


class PoolMiddleware(WhiteNoiseMiddleware):
    """WhiteNoise's middleware for a pool that grows while the process runs.

    The project's own settings for WhiteNoise keep their effect: WHITENOISE_ROOT,
    WHITENOISE_MIMETYPES, WHITENOISE_CHARSET, WHITENOISE_ADD_HEADERS_FUNCTION and
    WHITENOISE_ALLOW_ALL_ORIGINS, without which only fonts are for other origins.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Any = None, settings: Any = django_settings) -> None:
        super().__init__(get_response, settings)
        own_types = getattr(settings, "WHITENOISE_MIMETYPES", None) or {}
        self.use_finders = False
        self.media_types = MediaTypes(extra_types={**TYPES, **own_types})
        self.for_origins = getattr(settings, "WHITENOISE_ALLOW_ALL_ORIGINS", None)
        self.pool = os.path.realpath(settings.STOWAGE_STATIC_POOL)
        self.plain_cache = f"public, max-age={settings.STOWAGE_STATIC_LIFETIME}"
        self.generated = os.path.join(os.path.dirname(self.pool), "generated")
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def add_files(self, root: Any, prefix: str | None = None) -> None:
        """Static files are looked for when they are asked for; WHITENOISE_ROOT is as ever."""
        if prefix is None:
            super().add_files(root)

    def add_files_from_finders(self) -> None:
        """What is served is what was released, also with DEBUG."""

    def __call__(self, request: HttpRequest) -> Any:
        if iscoroutinefunction(self):
            return self._call_async(request)
        response = self._static_response(request)
        if response is None:
            response = self._check(request, self.get_response(request))
        return response

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        response = None
        if self._is_static(request) or self.autorefresh or request.path_info in self.files:
            find = sync_to_async(self._static_response, thread_sensitive=False)
            response = await find(request)
        if response is None:
            response = self._check(request, await self.get_response(request))
        return response

    def _is_static(self, request: HttpRequest) -> bool:
        return bool(request.path_info.startswith(self.static_prefix))

    def _static_response(self, request: HttpRequest) -> HttpResponseBase | None:
        """The answer with a file; None where the application is to answer."""
        path = request.path_info
        name = path[len(self.static_prefix) :] if self._is_static(request) else ""
        found = self._look_up(name, request) if is_servable(name) else None
        if found is not None:
            return self._response(found)
        file = self.find_file(path) if self.autorefresh else self.files.get(path)
        if file is None:
            return None
        return self._response(file.get_response(request.method, request.META))

    def _look_up(self, name: str, request: HttpRequest) -> Response | None:
        method, asked, url = request.method, request.META, request.path_info
        file = open_plain(self.pool, name)
        if file is not None:
            path = os.path.join(self.pool, name)
            return answer_best(file, path, self._headers(path, url, POOL_CACHE), method, asked)
        # What is generated is kept for long where its name has a hash, as django-compressor's do.
        generated_cache = POOL_CACHE if HASHED.search(name) else self.plain_cache
        places = ((self.static_root, self.plain_cache), (self.generated, generated_cache))
        for place, cache in places:
            if place:
                root = os.path.realpath(place)  # `current` is another directory after a switch.
                file = open_plain(root, name)
                if file is not None:
                    headers = self._headers(os.path.join(root, name), url, cache)
                    return answer(file, headers, method, asked)
        return None

    def _headers(self, path: str, url: str, cache: str) -> list[tuple[str, str]]:
        kind = self.media_types.get_type(path)
        charset = f"; charset={self.charset}" if kind.startswith("text/") else ""
        headers = Headers([("Content-Type", kind + charset), ("Cache-Control", cache)])
        headers["X-Content-Type-Options"] = "nosniff"
        if self.for_origins or (self.for_origins is None and kind.startswith(FONTS)):
            headers["Access-Control-Allow-Origin"] = "*"
        if self.add_headers_function is not None:
            self.add_headers_function(headers, path, url)
        return headers.items()

    def _response(self, found: Response) -> HttpResponseBase:
        """Django's response; for an asynchronous server one that does not block it."""
        content: Any = found.file or ()
        if iscoroutinefunction(self):
            content = AsyncContent(found.file)
        response = FileResponse(content, status=int(found.status))
        del response["Content-Type"]
        for name, value in found.headers:
            response[name] = value
        return response

    def _check(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """No cache may keep that a static file is missing: the next release may bring it."""
        if response.status_code == 404 and self._is_static(request):
            response["Cache-Control"] = "no-store"
        return response


def is_servable(name: str) -> bool:
    """Whether a static file may have this name: a plain path without hidden parts.

    The manifest lists every file of the site, and is nobody's business.
    """
    parts = name.split("/")
    hidden = any(not part or part.startswith(".") for part in parts)
    return not hidden and "\\" not in name and "\0" not in name and name != MANIFEST


class FileResponse(WhiteNoiseFileResponse):
    """For servers without a way of their own to send a file, in fewer pieces than Django's."""

    block_size = BLOCK_BYTES


class AsyncContent:
    """A file's content, read in threads; Django closes it with the response."""

    def __init__(self, file: BinaryIO | None) -> None:
        self.file = file

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.file is None:
            return
        read = sync_to_async(self.file.read, thread_sensitive=False)
        while block := await read(BLOCK_BYTES):
            yield block

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
