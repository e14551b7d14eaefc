"""A file of an update over HTTPS: resumed where a connection was lost, within bounds.

docs/explanation/updates.md, "The download". Redirects are not followed.
"""

import gc

from micropython import const

from .. import heap
from ..errors import ProtocolError, TransportError, VerifyError

_TRIES = const(5)  # In a row that bring fewer than _ENOUGH bytes each.
_ENOUGH = const(4096)
_BUFFER = const(1024)
_FIRST_MS = const(2000)
_ANSWER_MS = const(10000)
_SLICE_MS = const(100)
_DEAD = (401, 403, 404, 410)  # An address lives for a day.


def fetch(ota, fetched):
    """Yield the milliseconds to wait. Raises TransportError or ProtocolError."""
    log = ota.device._log
    tls = buffer = None
    tries = 0
    while True:
        start = fetched.have
        try:
            # One buffer and one context for all tries: a second one would not fit beside them.
            buffer = buffer or bytearray(_BUFFER)
            tls = tls or _context(ota)
            gc.collect()
            yield from _get(ota, fetched, tls, buffer)
            return
        except VerifyError:
            raise
        except (TransportError, ProtocolError, MemoryError) as error:
            gc.collect()  # The next request needs the heap.
            status = getattr(error, "status", 0) if isinstance(error, ProtocolError) else 500
            tries = 0 if fetched.have - start >= _ENOUGH else tries + 1
            if tries == _TRIES or (status < 500 and status not in _DEAD):
                raise
            if status in _DEAD:
                tls = None
                log("%s; asking for another address" % error)
                if (yield from _ask(ota)):
                    continue
            wait = _FIRST_MS << tries
            log("%s; next try in %d s at byte %d" % (error, wait // 1000, fetched.have))
            yield wait


def _get(ota, fetched, tls, buffer):
    start = fetched.have
    yield from heap.call(
        "https.request",
        "get",
        ota.offer["url"],
        tls,
        ota.carrier.feed,
        fetched.size - start,
        fetched.take,
        start,
        buffer,
        "http://" if _is_clear(ota) else "https://",
    )
    if fetched.have < fetched.size:
        raise ProtocolError("the file ends after %d of %d bytes" % (fetched.have, fetched.size))


def _is_clear(ota):
    return ota.plain and ota.offer["url"].startswith("http://")


def _context(ota):
    return _Clear() if _is_clear(ota) else heap.call("https.file_server", "tls_of", ota.carrier)


class _Clear:
    """Stand in for a TLS context where the connection stays in clear."""

    def wrap_socket(self, sock, **_):
        """Return the socket as it is."""
        return sock


def _ask(ota):
    # Asks the platform for a fresh address of the same file; returns whether one came.
    url, waited = ota.offer["url"], 0
    try:
        ota.ask()
    except (TransportError, MemoryError):
        return False  # The next try asks again.
    while ota.offer["url"] == url and waited < _ANSWER_MS:
        yield _SLICE_MS
        waited += _SLICE_MS
    return ota.offer["url"] != url
