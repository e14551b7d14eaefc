"""A file of an update over HTTPS: resumed where a connection was lost, within bounds.

docs/how-to/update-over-the-air.md, "How the file comes". Redirects are not followed.
"""

import gc

from micropython import const

from . import heap
from .errors import ProtocolError, TransportError, VerifyError

_TRIES = const(5)  # In a row that bring less than enough each.
_ENOUGH = const(4096)
_BUFFER = const(1024)
_FIRST_MS = const(2000)
_ANSWER_MS = const(10000)
_SLICE_MS = const(100)
_DEAD = (401, 403, 404, 410)  # An address lives for a day.


def fetch(ota, fetched):
    """Yield the milliseconds to wait. Raises TransportError or ProtocolError."""
    device, carrier = ota.device, ota.carrier
    tls = buffer = None
    tries = 0
    while fetched.have < fetched.size:
        start, url = fetched.have, ota.offer["url"]
        in_clear = ota.plain and url.startswith("http://")
        try:
            # Kept for every try: where an update is under way a second one finds no room.
            buffer = buffer or bytearray(_BUFFER)
            if tls is None:
                tls = _trust(carrier, in_clear)  # Before `http` is loaded: roots take heap too.
            gc.collect()
            from .http import request, split

            where, path = split(url, "http://" if in_clear else "https://")
            for wait in request(
                where,
                tls,
                carrier._feed,
                "GET",
                path,
                "",
                b"",
                fetched.size - start,
                fetched.take,
                start,
                buffer,
            ):
                if request:
                    request = None
                    heap.unload("transport")  # The connection stands.
                yield wait
            if fetched.have < fetched.size:
                raise ProtocolError(
                    "the file ends after %d of %d bytes" % (fetched.have, fetched.size)
                )
            return
        except VerifyError:
            raise
        except (TransportError, ProtocolError, MemoryError) as error:
            request = split = None
            # An answer, or another try, takes heap itself.
            heap.unload("http", "plain", "transport")
            status = error.status if isinstance(error, ProtocolError) else 500
            if status < 500 and status not in _DEAD:
                raise
            tries = 0 if fetched.have - start >= _ENOUGH else tries + 1
            if tries == _TRIES:
                raise
            if status in _DEAD:
                tls = None
                device._log("%s; asking for another address" % error)
                if (yield from _ask(ota)):
                    continue
            wait = _FIRST_MS << tries
            device._log("%s; next try in %d s at byte %d" % (error, wait // 1000, fetched.have))
            yield wait


def _trust(carrier, in_clear):
    if in_clear:
        from .plain import Clear

        return Clear()
    if carrier._private:
        return carrier._link._tls
    from .roots import globalsign_e46, globalsign_r3, globalsign_r46
    from .transport import context

    made = context([globalsign_r3.DER, globalsign_r46.DER, globalsign_e46.DER])
    globalsign_e46 = globalsign_r3 = globalsign_r46 = context = None
    heap.unload("roots.globalsign_e46", "roots.globalsign_r3", "roots.globalsign_r46", "roots")
    heap.unload("transport")
    return made


def _ask(ota):
    # Has the platform send a fresh address of the same file; returns whether one came.
    url, waited = ota.offer["url"], 0
    try:
        ota.ask()
    except (TransportError, MemoryError):
        return False  # The next try asks again.
    while ota.offer["url"] == url and waited < _ANSWER_MS:
        yield _SLICE_MS
        waited += _SLICE_MS
    return ota.offer["url"] != url
