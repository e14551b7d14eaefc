"""A bare HTTPS client for tests: requests and answers as bytes."""

from __future__ import annotations

import json
import socket
import ssl
from typing import Any
from urllib.parse import urlencode

from tests.platform.wire import Served, sign
from tests.waiting import PATIENCE

FORM = "application/x-www-form-urlencoded"


def request(path: str, body: bytes, content_type: str, *headers: str) -> bytes:
    """Return a POST as the vendor's C SDKs write it."""
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: iot-auth.cn-shanghai.aliyuncs.com",
        "Accept: text/xml,text/javascript,text/html,application/json",
        f"Content-Type: {content_type}",
        *headers,
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


def exchange(
    platform: Served,
    sent: bytes,
    *,
    port: int = 0,
    host: str = "iot-auth.cn-shanghai.aliyuncs.com",
) -> tuple[bytes, bytes]:
    """Send a request to the HTTPS port, or another; return head and body of what comes back."""
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", port or platform.https_port), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname=host) as connection:
        connection.sendall(sent)
        got = b""
        while (size := _whole(got)) is None:
            part = connection.recv(65536)
            assert part, f"the end came inside an answer: {got!r}"
            got += part
    assert len(got) == size
    head, _, body = got.partition(b"\r\n\r\n")
    return head, body


def post(platform: Served, path: str, body: bytes, content_type: str, *headers: str) -> Any:
    """Return the JSON of the answer to a POST, whose HTTP status is 200."""
    head, answer = exchange(platform, request(path, body, content_type, *headers))
    assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
    return json.loads(answer)


def form(
    product_key: str, device_name: str, secret: str, *, method: str = "sha256", **changes: str
) -> bytes:
    """Return the form of a registration; an empty value leaves a field out."""
    content = f"deviceName{device_name}productKey{product_key}random123"
    fields = {
        "productKey": product_key,
        "deviceName": device_name,
        "random": "123",
        "sign": sign(secret, content, method),
        "signMethod": f"hmac{method}",
    }
    return urlencode({**fields, **changes}).encode()


def _whole(got: bytes) -> int | None:
    head, end, _ = got.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n") if end else ():
        if line.startswith(b"Content-Length: "):
            size = len(head) + 4 + int(line[16:])
            return size if len(got) >= size else None
    return None
