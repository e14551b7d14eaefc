"""The platform's HTTPS side: its endpoint, its roots, a request and its JSON response.

docs/reference/protocol.md, "HTTPS". Each user of this module imports it.
"""

import json

from micropython import const

from .. import heap
from ..errors import ProtocolError, StoreError

request = heap.load("https.request")

_MOST = const(1024)


def endpoint(fields, host):
    """Return (host, port): the burned HttpsHost ("host" or "host:port"), else `host` and 443.

    Raises StoreError.
    """
    name, _, port = (fields.get("HttpsHost") or host).decode().partition(":")
    if not (port or "443").isdigit():
        raise StoreError("HttpsHost %s:%s is not host or host:port" % (name, port))
    return name, int(port or 443)


def trust(fields, tls, port):
    """Return the TLS context for a port; on a private platform that is `tls`, as for MQTT."""
    if "Ca" in fields:
        return tls
    return heap.call("session.transport", "context", heap.call("boot.network", "roots", port))


def post(where, tls, feed, path, headers, body):
    """Yield the milliseconds to wait; return the JSON object of the response; its code is an int.

    `headers` are lines that end in CR LF. Raises TransportError, ProtocolError.
    """
    head = "POST %s HTTP/1.0\r\nHost: %s\r\n%s" % (path, where[0], headers)
    if body:
        head += "Content-Length: %d\r\n" % len(body)
    message = head.encode() + b"\r\n" + body
    text = bytearray()
    connection = heap.call("session.transport", "dial", where, tls, feed)
    yield from request.exchange(connection, message, _MOST, text.extend)
    try:
        answer = json.loads(text.decode())
        if isinstance(answer["code"], int):
            return answer
    except (ValueError, TypeError, KeyError):
        pass  # Raised below, also if the code is not an integer.
    raise ProtocolError("%s:%d sends a response that is not JSON with an integer code" % where)
