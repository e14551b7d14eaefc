"""HTTP/1.0 over the verified TLS of `transport`: a request out, status and a bounded body in.

Generators: they yield the milliseconds to wait, so that a caller may do other things meanwhile.
"""

from micropython import const

from .errors import ProtocolError, TransportError

_HEAD = const(1024)
_BLOCK = const(512)
_SILENT_MS = const(10000)
_SLICE_MS = const(50)


def split(url):
    """Return ((host, port), path) of an https:// URL. Raises ProtocolError for any other."""
    if not url.startswith("https://"):
        raise ProtocolError("%s is no https:// URL" % url[:60])
    host, _, path = url[8:].partition("/")
    host, _, port = host.partition(":")
    return (host, int(port or 443)), "/" + path


def get(url, tls, feed, most, sink):
    """Fetch a URL; `sink(bytes-like)` gets the body as it comes, `most` bytes of it at the most.

    Raises TransportError; ProtocolError where the answer is no 200 or too long.
    """
    endpoint, path = split(url)
    yield from request(endpoint, tls, feed, "GET", path, "", b"", most, sink)


def request(endpoint, tls, feed, method, path, headers, body, most, sink):
    """Send a request; see `get`. `headers` are lines that end in CR LF."""
    from .transport import dial

    head = "%s %s HTTP/1.0\r\nHost: %s\r\n%s" % (method, path, endpoint[0], headers)
    if body:
        head += "Content-Length: %d\r\n" % len(body)
    connection = dial(endpoint, tls, feed)
    try:
        connection.send(memoryview(head.encode() + b"\r\n" + body))
        buffer = bytearray(_HEAD)
        have, end = 0, -1
        while end < 0:
            if have == _HEAD:
                raise ProtocolError("%s answers with too long a head" % connection.peer)
            count = yield from _more(connection, memoryview(buffer)[have:])
            have += count
            end = bytes(buffer[:have]).find(b"\r\n\r\n")
        end += 4
        left = _length(bytes(buffer[:end]), connection.peer)
        if left > most:
            raise ProtocolError(
                "%s sends %d bytes, %d is the most" % (connection.peer, left, most)
            )
        have = min(have, end + left)
        sink(memoryview(buffer)[end:have])
        left -= have - end
        buffer = memoryview(buffer)[:_BLOCK]
        while left > 0:
            count = yield from _more(connection, buffer[: min(left, _BLOCK)])
            sink(buffer[:count])
            left -= count
    finally:
        connection.close()


def _more(connection, view):
    # Returns how many bytes came into `view`.
    waited = 0
    while True:
        count = connection.readinto(view)
        if count:
            return count
        if waited >= _SILENT_MS:
            raise TransportError("%s is silent for %d s" % (connection.peer, waited // 1000))
        yield _SLICE_MS
        waited += _SLICE_MS


def _length(head, peer):
    # Returns the Content-Length of a 200.
    line = head[: head.find(b"\r\n")]
    parts = line.split()
    if len(parts) < 2 or not line.startswith(b"HTTP/1.") or parts[1] != b"200":
        raise ProtocolError("%s answers %s" % (peer, line[:40]))
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise ProtocolError("%s does not say how long its answer is" % peer)
    return int(head[at + 17 :].split(b"\r\n")[0])
