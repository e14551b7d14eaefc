"""Get a credential: register once, store what comes back, and only then close the connection.

Nothing here runs under an automatic reconnect. `regnwl` spends one of five ClientIDs each time it
succeeds, so the number of registrations begun is stored in flash before each dial.
"""

import os

from micropython import const

from .. import heap
from ..errors import (
    AlinkError,
    MemoryShortError,
    ProtocolError,
    RefusedError,
    StoreError,
    TransportError,
)

_LATER = const((3, 429, 500))  # CONNACK and HTTPS codes after which a retry may help.


def register(boot):
    """Yield the milliseconds to wait until a credential is in the fields of a `Boot`.

    Raises RefusedError if the platform refuses, StoreError if the credential cannot be stored.
    """
    longest, tries = 30000, 0
    while True:
        try:
            method = boot.fields.get("Method")
            if method == b"https":
                yield from _over_https(boot)
            elif method == b"regnwl":
                yield from _counted(boot)
            else:
                yield from _once(boot)
            return
        except (TransportError, ProtocolError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.code not in _LATER:
                raise
            heap.unload_steps("boot")
            heap.unload("session", "https", "sign")
            # Jitter, so that the boards of a line do not all come back at once.
            wait = longest - longest * os.urandom(1)[0] // 1024
            longest = min(longest * 2, 3600000)
            boot.log("not registered: %s; next try in %d s" % (error, wait // 1000))
            tries += 1
            if isinstance(error, MemoryShortError):
                heap.call("session.memory_reset", "failed", error, tries, boot.fields, boot.log)
                heap.unload("session")
            yield from _sleep(wait)
            if error.dates:
                heap.call(
                    "boot.clock", "ask_time", boot.fields.get("NtpHost"), boot.feed, boot.log
                )
                heap.unload("session", "utc")


def _counted(boot):
    # A reboot loop must not spend all five ClientIDs.
    begun = heap.call("boot.copies", "tries")
    if begun > 2:
        raise StoreError(
            "three registrations were started and none finished: check power and network, then "
            "run alink.maintenance.allow_registration()"
        )
    if begun == 2:
        boot.log(
            "two registrations were started and did not finish; the next one starts in 10 minutes"
        )
        yield from _sleep(600000)
    heap.call("boot.copies", "set_tries", begun + 1)
    try:
        yield from _once(boot)
    except AlinkError as error:
        if isinstance(error, RefusedError) or not boot.sent:
            # It spent no ClientID.
            heap.call("boot.copies", "set_tries", begun)
        raise
    heap.call("boot.copies", "set_tries", 0)


def _once(boot):
    fields, boot.sent = boot.fields, False
    method = fields.get("Method", b"register")
    login = heap.call("boot.connect_fields", "registration", fields, method, boot.securemode)
    heap.unload("sign")
    connection = heap.call("session.transport", "dial", boot.endpoint, boot.tls, boot.feed)
    try:
        made = heap.call("boot.register", "register", connection, fields, method, login)
        login = None
        boot.log("registered by %s" % method.decode())
        heap.unload("session")
        yield 0  # The caller collects: to store the credential takes all the heap there is.
        boot.log("credential stored in %s" % heap.call("boot.store", "save", made, boot.log))
        fields.update(made)  # Now: after any later failure, a second registration is wrong.
        _disconnect(connection)
    finally:
        boot.sent = connection.written
        connection.close()


def _disconnect(connection):
    try:
        connection.send(b"\xe0\x00")
    except TransportError:
        pass  # The platform learns it from the closed socket.


def _over_https(boot):
    made = yield from heap.call("boot.register_https", "register", boot)
    boot.log("registered by https")
    heap.unload_steps("boot")
    heap.unload("session", "https")
    yield 0
    boot.log("credential stored in %s" % heap.call("boot.store", "save", made, boot.log))
    boot.fields.update(made)


def _sleep(ms):
    while ms > 0:
        yield min(ms, 60000)
        ms -= 60000
