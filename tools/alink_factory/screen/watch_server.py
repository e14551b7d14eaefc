"""`watch --serve`: an HTTP server that shows a batch and changes nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from alink_factory.errors import BatchError
from alink_factory.screen import watch_page
from alink_factory.screen.watch import INTERVAL, Watch

_POLICY = "; ".join(
    f"{what}-src {allowed}"
    for what, allowed in {
        "default": "'none'",
        "style": "'unsafe-inline'",
        "script": "'unsafe-inline'",
        "connect": "'self'",
    }.items()
)


def run(watch: Watch, where: tuple[str, int], *, stop: threading.Event) -> None:
    """Serve a batch until `stop`. Raises LedgerError, and BatchError for a port that is taken."""
    with served(watch, where):
        while not stop.wait(INTERVAL):
            watch.look()


@contextmanager
def served(watch: Watch, where: tuple[str, int]) -> Iterator[int]:
    """Serve a batch in the background; yield the port. Raises BatchError, LedgerError."""
    watch.look()
    try:
        server = ThreadingHTTPServer(where, _handler(watch))
    except OSError as error:
        raise BatchError(f"--serve {where[0]}:{where[1]}: {error.strerror}") from error
    server.daemon_threads = True
    worker = threading.Thread(target=server.serve_forever, daemon=True, name="watch")
    worker.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        worker.join()


def address(text: str) -> tuple[str, int]:
    """Return host and port of `--serve`. Raises BatchError."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or text != f"{host}:{port}":
        raise BatchError(f"--serve is {text!r}; write HOST:PORT, as in 0.0.0.0:8090")
    return host, port


def _handler(watch: Watch) -> type[BaseHTTPRequestHandler]:
    pages: dict[str, tuple[str, Callable[[], str]]] = {
        "/": ("text/html", lambda: watch_page.page(watch)),
        "/now": ("text/html", lambda: watch_page.now(watch)),
        "/figures.json": (
            "application/json",
            lambda: json.dumps(watch.facts(), ensure_ascii=False),
        ),
    }

    class Handler(BaseHTTPRequestHandler):
        server_version = "alink-burn"
        sys_version = ""

        def do_GET(self) -> None:
            """Return a page; nothing else is here."""
            found = pages.get(urlsplit(self.path).path)
            if found is None:
                self.send_error(404)
                return
            kind, write = found
            with watch.lock:
                data = write().encode()
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", _POLICY)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name
            """Print nothing: the terminal is for the operator."""

    return Handler
