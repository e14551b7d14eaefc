"""A bare client for the files of update packages: requests and answers as bytes."""

from __future__ import annotations

import contextlib
import socket
import ssl
from urllib.parse import urlsplit

from tests.platform.wire import Served
from tests.waiting import PATIENCE


def fetch(
    platform: Served, url: str, *headers: str, method: str = "GET", version: str = "1.1"
) -> tuple[bytes, bytes]:
    """Return head and body of the answer to a request for a whole URL."""
    parts = urlsplit(url)
    lines = (
        f"{method} {parts.path}?{parts.query} HTTP/{version}",
        f"Host: {parts.hostname}",
        *headers,
        "Connection: close",
    )
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", parts.port or 443), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname=parts.hostname) as connection:
        connection.sendall("\r\n".join((*lines, "", "")).encode())
        got = b""
        with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):  # Cut, by a fault.
            while part := connection.recv(65536):
                got += part
    head, _, body = got.partition(b"\r\n\r\n")
    return head + b"\r\n", body
