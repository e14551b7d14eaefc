"""Get a credential: register once. `store` keeps it before the connection is closed.

Nothing here runs under an automatic reconnect. `regnwl` spends one of five ClientIDs each time it
succeeds, so the number of registrations begun is stored in flash before each dial.
"""

import gc
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
    """Yield the milliseconds to wait; return the credential that the identity of a `Boot` gets.

    Also returns the connection that it came over, to be closed once the credential is stored; None
    for HTTPS. Raises RefusedError if the platform refuses, StoreError if no try is left, or if
    their number cannot be stored.
    """
    longest, tries = 30000, 0
    while True:
        try:
            method = boot.fields.get("Method")
            if method == b"https":
                made = yield from heap.call("boot.register_https", "register", boot)
                boot.log("registered by https")
                return made, None
            if method == b"regnwl":
                return (yield from count(boot))
            return (yield from single(boot))
        except (TransportError, ProtocolError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.code not in _LATER:
                raise
            gc.collect()
            # Jitter, so that the boards of a line do not all come back at once.
            wait = longest - longest * os.urandom(1)[0] // 1024
            longest = min(longest * 2, 3600000)
            boot.log("not registered: %s; next try in %d s" % (error, wait // 1000))
            tries += 1
            if isinstance(error, MemoryShortError):
                heap.call("session.memory_reset", "failed", error, tries, boot.fields, boot.log)
            yield from sleep(wait)
            if error.dates:
                heap.call(
                    "boot.clock", "ask_time", boot.fields.get("NtpHost"), boot.feed, boot.log
                )


def count(boot):
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
        yield from sleep(600000)
    heap.call("boot.copies", "set_tries", begun + 1)
    try:
        return (yield from single(boot))
    except AlinkError as error:
        if isinstance(error, RefusedError) or not boot.sent:
            # It spent no ClientID.
            heap.call("boot.copies", "set_tries", begun)
        raise


def single(boot):
    fields, boot.sent = boot.fields, False
    method = fields.get("Method", b"register")
    login = heap.call("boot.connect_fields", "registration", fields, method, boot.securemode)
    connection = heap.call("session.transport", "dial", boot.endpoint, boot.tls, boot.feed)
    try:
        yield 0  # The caller collects: the modules that have dialed leave the heap.
        made = heap.call("boot.register", "register", connection, fields, method, login)
    except BaseException:
        boot.sent = connection.written
        connection.close()
        raise
    boot.log("registered by %s" % method.decode())
    return made, connection


def sleep(ms):
    while ms > 0:
        yield min(ms, 60000)
        ms -= 60000
