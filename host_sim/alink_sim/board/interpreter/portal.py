"""A captive portal, as of a hotel or a guest network: it serves its own page and nothing else."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_HOST = "portal.local"
_PAGE = "/sign-in"
_BODY = b"<html><title>Sign in</title><body>Accept the terms of this network.</body></html>"


class Portal:
    """An HTTP server on this computer: it redirects every request to its page."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="portal", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == _PAGE:
            self.send_response(200)
        else:
            self.send_response(302)
            self.send_header("Location", f"http://{_HOST}{_PAGE}")
        self.send_header("Content-Length", str(len(_BODY)))
        self.end_headers()
        self.wfile.write(_BODY)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Do nothing: a board has its own console."""
