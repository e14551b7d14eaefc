"""HTTP/1.0 over the verified TLS of `transport`: a request out, status and a bounded body in.

Generators: they yield the milliseconds to wait, so that a caller may do other things meanwhile.
"""

from micropython import const

from .. import heap
from ..errors import ProtocolError, TransportError

_HEAD = const(1024)
_BLOCK = const(512)
_SILENT_MS = const(10000)
_SLICE_MS = const(50)


class StatusError(ProtocolError):
    """The response has another status than the expected one; 0 is not a number."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


def get(url, tls, feed, most, sink, start=0, buffer=None, scheme="https://"):
    """Fetch a URL; `sink(bytes-like)` gets each received part of the body, up to `most` bytes.

    With a `start` it asks for the bytes from there on. `buffer`, if given, holds the longest head
    that is taken. Raises TransportError; StatusError if the response is not a 200 (a 206 with a
    `start`); ProtocolError if the body is too long, or begins elsewhere.
    """
    endpoint, path = heap.call("https.url", "split", url, scheme)
    head = "GET %s HTTP/1.0\r\nHost: %s\r\n" % (path, endpoint[0])
    if start:
        head += "Range: bytes=%d-\r\n" % start
    connection = heap.call("session.transport", "dial", endpoint, tls, feed)
    yield from exchange(connection, head.encode() + b"\r\n", most, sink, start, buffer)


def exchange(connection, message, most, sink, start=0, buffer=None):
    """Send a whole request (bytes) on a connection, take the response, and close; see `get`."""
    try:
        connection.send(memoryview(message))
        message = None  # Its heap is needed for the response.
        yield 0
        buffer = buffer or bytearray(_HEAD)
        have = end = 0
        while not end:
            if have == len(buffer):
                raise ProtocolError("%s answers with too long a head" % connection.peer)
            count = yield from _more(connection, memoryview(buffer)[have:])
            end = _end(buffer, max(0, have - 3), have + count)
            have += count
        left = _length(bytes(memoryview(buffer)[:end]), connection.peer, start)
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
            yield 0  # However fast a body comes, other things have their turn.
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


def _end(buffer, start, have):
    # Returns where the head ends, 0 if it goes on. A copy of it all would need heap in one piece.
    for at in range(start, have - 3):
        if buffer[at] == 13 and buffer[at : at + 4] == b"\r\n\r\n":
            return at + 4
    return 0


def _length(head, peer, start):
    # Returns the Content-Length of a 200, or of the 206 that begins at `start`.
    line = head[: head.find(b"\r\n")]
    parts = line.split()
    wanted = b"206" if start else b"200"
    if len(parts) < 2 or not line.startswith(b"HTTP/1.") or parts[1] != wanted:
        status = int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0
        raise StatusError(status, "%s answers %s" % (peer, line[:40]))
    if start and b"bytes %d-" % start not in head:
        raise ProtocolError("%s does not go on at byte %d" % (peer, start))
    at = head.lower().find(b"\r\ncontent-length:")
    length = head[at + 17 : head.find(b"\r\n", at + 17)].strip()
    if at < 0 or not length.isdigit():
        raise ProtocolError("%s does not say how long its answer is" % peer)
    return int(length)
