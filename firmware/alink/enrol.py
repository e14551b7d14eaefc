"""Get a credential: register once, keep what comes back, and only then let the connection go.

Nothing here runs under an automatic reconnect. `regnwl` spends one of five ClientIDs each time it
succeeds, so the number of registrations begun is kept in flash before each dial.
"""

import os

from . import heap
from .errors import AlinkError, ProtocolError, RefusedError, StoreError, TransportError

_LATER = (3, 429, 500)  # CONNACK and HTTPS codes that say: come again.


def enrol(fields, endpoint, tls, feed, securemode, log):
    """Yield the milliseconds to wait until a credential is in `fields`.

    Raises RefusedError when the platform says no, StoreError when flash does not keep it.
    """
    longest = 30000
    while True:
        try:
            method = fields.get("Method")
            if method == b"https":
                yield from _over_https(fields, tls, feed, log)
            elif method == b"regnwl":
                yield from _counted(fields, endpoint, tls, feed, securemode, log)
            else:
                yield from _once(fields, endpoint, tls, feed, securemode, log)
            return
        except (TransportError, ProtocolError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.code not in _LATER:
                raise
            heap.unload("ask", "sign", "transport", "register", "handshake", "answer")
            heap.unload("register_https", "https", "http", "advice")
            # Jitter, so that a whole line does not come back at once.
            wait = longest - longest * os.urandom(1)[0] // 1024
            longest = min(longest * 2, 3600000)
            log("not registered: %s; next try in %d s" % (error, wait // 1000))
            yield from _sleep(wait)


def _counted(fields, endpoint, tls, feed, securemode, log):
    # A reboot loop must not spend all five ClientIDs.
    begun = _tries()
    if begun > 2:
        raise StoreError(
            "three registrations were begun and none ended: check power and network, then run "
            "alink.places.set_tries(0)"
        )
    if begun == 2:
        log("two registrations were begun and did not end; the next one begins in 10 minutes")
        yield from _sleep(600000)
    _set_tries(begun + 1)
    try:
        yield from _once(fields, endpoint, tls, feed, securemode, log)
    except AlinkError as error:
        if isinstance(error, RefusedError) or not error.sent:
            _set_tries(begun)  # It was refused, or no CONNECT has left.
        raise
    _set_tries(0)


def _once(fields, endpoint, tls, feed, securemode, log):
    from .ask import connect_fields

    method = fields.get("Method", b"register")
    login = connect_fields(fields, method, securemode)
    connect_fields = None
    heap.unload("ask", "sign")
    from .transport import dial

    connection = dial(endpoint, tls, feed)
    dial = None
    heap.unload("transport")
    from .register import register

    try:
        made = register(connection, fields, method, login)
        login = register = None
        log("registered by %s" % method.decode())
        heap.unload("register", "handshake", "stream", "answer", "topics")
        yield 0  # Whoever drives us collects: storing wants all the heap there is.
        _keep(made, log)
        connection.send(b"\xe0\x00")  # DISCONNECT, now that it is kept.
    except AlinkError as error:
        error.sent = connection.written
        raise
    finally:
        connection.close()
    fields.update(made)


def _over_https(fields, tls, feed, log):
    from .register_https import register

    made = yield from register(fields, tls, feed)
    register = None
    log("registered by https")
    heap.unload("register_https", "https", "http", "transport", "answer", "topics")
    yield 0
    _keep(made, log)
    fields.update(made)


def _keep(made, log):
    from .store import save

    log("credential stored in %s" % save(made, log))
    save = None
    heap.unload("store", "places", "stock", "record")


def _tries():
    from .places import tries

    return tries()


def _set_tries(count):
    from .places import set_tries

    set_tries(count)
    set_tries = None
    heap.unload("places", "stock", "record")


def _sleep(ms):
    while ms > 0:
        yield min(ms, 60000)
        ms -= 60000
