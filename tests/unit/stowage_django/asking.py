"""Asks a project's application in one process; started by a test's interpreter in its folder.

Standard input has steps, one JSON line each: a text is run by the shell, a list is (path, options)
of a request. `sync` and `async` ask as Django's test clients do, `asgi` as an asynchronous server
does, `serve` answers on a port of the loopback, which it prints, until standard input ends. Else
each request gives one JSON line: status, headers, body, and how many files are open after it.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

sys.path.insert(0, os.getcwd())


def shown(status: int, headers: list[tuple[str, str]], body: bytes) -> dict[str, Any]:
    root = os.environ["STOWAGE_STATIC_POOL"].rpartition("/")[0]
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    kept = [link for link in links if os.path.lexists(link) and root in os.readlink(link)]
    names = [name.lower() for name, _ in headers]
    assert len(set(names)) == len(names), f"a header twice: {names}"
    texts = {name.lower(): value for name, value in headers}
    return {"status": status, "headers": texts, "body": body.decode("latin-1"), "open": len(kept)}


def request_sync(path: str, options: dict[str, Any]) -> dict[str, Any]:
    from django.test import Client

    client = Client(raise_request_exception=False)
    response = client.generic(options.pop("method", "GET"), path, **options)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return shown(response.status_code, list(response.items()), body)


def request_async(path: str, options: dict[str, Any]) -> dict[str, Any]:
    from django.test import AsyncClient

    async def ask() -> dict[str, Any]:
        client = AsyncClient(raise_request_exception=False)
        response = await client.generic(options.pop("method", "GET"), path, **options)
        if response.streaming and response.is_async:
            body = b"".join([part async for part in response.streaming_content])
        else:  # The client empties the answer to HEAD, in its own way.
            body = b"".join(response)
        return shown(response.status_code, list(response.items()), body)

    return asyncio.run(ask())


def request_asgi(path: str, options: dict[str, Any]) -> dict[str, Any]:
    from asgiref.testing import ApplicationCommunicator
    from django.core.asgi import get_asgi_application

    sent = options.get("headers", {})
    scope = {"type": "http", "method": options.get("method", "GET"), "path": path}
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in sent.items()]

    async def ask() -> dict[str, Any]:
        application = ApplicationCommunicator(get_asgi_application(), scope)
        await application.send_input({"type": "http.request", "body": b""})
        start, body, more = await application.receive_output(), b"", True
        while more:
            message = await application.receive_output()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = [(name.decode(), value.decode()) for name, value in start["headers"]]
        await application.wait()
        return shown(start["status"], headers, body)

    return asyncio.run(ask())


def serve() -> None:
    import threading
    from wsgiref.simple_server import make_server

    server = make_server("127.0.0.1", 0, import_module("project.wsgi").application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


def main(way: str) -> None:
    import_module("project.wsgi")  # Sets Django up.
    if way == "serve":
        return serve()
    ask: Callable[[str, dict[str, Any]], dict[str, Any]] = globals()[f"request_{way}"]
    for line in sys.stdin:
        step = json.loads(line)
        if isinstance(step, str):
            subprocess.run(step, shell=True, check=True)
        else:
            print(json.dumps(ask(*step)), flush=True)
    return None


if __name__ == "__main__":
    main(sys.argv[1])
