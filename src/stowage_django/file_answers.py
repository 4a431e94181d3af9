"""Answers with a file of the disk: codings, conditions and ranges as RFC 9110 has them.

WhiteNoise's own answers give every coding the same strong ETag, take `gzip;q=0` for a wish, refuse
the range of one byte and ignore If-Range. Nothing is remembered between two requests: a file that
was pruned is not there, one that was repaired is read anew.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Mapping
from email.utils import formatdate, parsedate
from http import HTTPStatus
from typing import BinaryIO

from django.utils.http import parse_etags
from whitenoise.responders import NOT_ALLOWED_RESPONSE, Response, SlicedFile

SUFFIXES = {"br": ".br", "gzip": ".gz"}
"""Codings of the variants beside a file, the preferred one first."""
OF_THE_CONTENT = ("Accept-Ranges", "Content-Encoding", "Content-Type", "Last-Modified")
"""Headers that an answer without the content does not repeat."""

Headers = list[tuple[str, str]]

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP)
_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,18})-(?P<last>[0-9]{0,18})|-(?P<end>[0-9]{1,18}))")


def open_plain(root: str, name: str) -> BinaryIO | None:
    """The plain file `name` below `root`, open; None where there is none.

    `root` is an absolute path without links in it. A link anywhere below it is not followed, as
    nginx does not follow it either, wherever it leads.
    """
    path = os.path.join(root, name)
    folder = os.path.dirname(path)
    try:
        return _open(path) if folder == root or os.path.realpath(folder) == folder else None
    except UnicodeEncodeError:  # A name that the container's file names cannot have.
        return None


def _open(path: str) -> BinaryIO | None:
    """The plain file at `path`, whose folder is known to be no link."""
    try:
        # A pipe would be waited for without O_NONBLOCK.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return None
        raise
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    return None


def answer_best(
    file: BinaryIO, path: str, headers: Headers, method: str, asked: Mapping[str, str]
) -> Response:
    """As `answer`, with the variant beside the file that the client likes best, if there is one."""
    beside = [coding for coding, suffix in SUFFIXES.items() if os.path.isfile(path + suffix)]
    if beside:
        headers = [*headers, ("Vary", "Accept-Encoding")]
    wanted = accepted_codings(asked.get("HTTP_ACCEPT_ENCODING", ""))
    for coding in beside:
        packed = _open(path + SUFFIXES[coding]) if coding in wanted else None
        if packed is not None:
            file.close()
            headers = [*headers, ("Content-Encoding", coding)]
            return answer(packed, headers, method, asked, coding)
    return answer(file, headers, method, asked)


def accepted_codings(header: str) -> set[str]:
    """The codings that a client names in Accept-Encoding and does not rule out by `q=0`."""
    accepted = set()
    for item in header.lower().split(","):
        coding, _, weight = item.replace(" ", "").replace("\t", "").partition(";")
        if not re.fullmatch(r"q=0(\.0*)?", weight):
            accepted.add(coding)
    return accepted


def answer(
    file: BinaryIO, headers: Headers, method: str, asked: Mapping[str, str], coding: str = ""
) -> Response:
    """The answer with this file, which it then owns.

    `headers` describe it, `asked` is the request's META.
    """
    if method not in ("GET", "HEAD"):
        file.close()
        return NOT_ALLOWED_RESPONSE
    status = os.fstat(file.fileno())
    size, modified = status.st_size, formatdate(status.st_mtime, usegmt=True)
    # Strong, hence another one for each coding: caches may put ranges of one together.
    etag = f'"{status.st_mtime_ns:x}-{size:x}{coding and f"-{coding}"}"'
    headers = [*headers, ("Last-Modified", modified), ("ETag", etag), ("Accept-Ranges", "bytes")]
    if _is_not_modified(asked, etag, modified):
        file.close()
        kept = [header for header in headers if header[0] not in OF_THE_CONTENT]
        return Response(HTTPStatus.NOT_MODIFIED, kept, None)
    part = None
    if method == "GET" and asked.get("HTTP_IF_RANGE", etag) in (etag, modified):
        part = byte_range(asked.get("HTTP_RANGE", ""), size)
    if part is not None:
        return _answer_part(file, headers, part, size)
    if method == "HEAD":
        file.close()
    headers.append(("Content-Length", str(size)))
    return Response(HTTPStatus.OK, headers, None if method == "HEAD" else file)


def _is_not_modified(asked: Mapping[str, str], etag: str, modified: str) -> bool:
    """Whether the client has just this. A date must be the same one, as with nginx: after a
    rollback the file is an older one than the client's."""
    known = asked.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        tags: Iterable[str] = parse_etags(known)
        return any(tag == "*" or tag.removeprefix("W/") == etag for tag in tags)
    since = asked.get("HTTP_IF_MODIFIED_SINCE")
    return since is not None and parsedate(since) == parsedate(modified)


def byte_range(header: str, size: int) -> range | None:
    """The bytes that a Range header asks for; empty where the file has none of them.

    None where there is no such header, or one that a server may ignore (RFC 9110, 14.2): of
    another unit, malformed, or of several ranges.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    if match["end"]:
        return range(max(size - int(match["end"]), 0), size)
    first, last = int(match["first"]), int(match["last"] or size)
    if match["last"] and last < first:
        return None
    return range(first, min(last + 1, size))


def _answer_part(file: BinaryIO, headers: Headers, part: range, size: int) -> Response:
    if not part:
        file.close()
        refusal = [("Content-Range", f"bytes */{size}"), ("Cache-Control", "no-store")]
        return Response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, refusal, None)
    headers.append(("Content-Range", f"bytes {part[0]}-{part[-1]}/{size}"))
    headers.append(("Content-Length", str(len(part))))
    return Response(HTTPStatus.PARTIAL_CONTENT, headers, SlicedFile(file, part[0], part[-1]))
