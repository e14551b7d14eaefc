"""Begin a session and note its loss: rare, so `session` unloads this module after each."""

from time import ticks_add

from .. import heap
from ..errors import AlinkError, MemoryShortError, ProtocolError, RefusedError, TransportError


def begin(link, clock):
    """Connect and log in; return 0, or the milliseconds to wait after a failure.

    `clock()` tells the time in `ticks_ms`.
    Raises RefusedError when the platform refuses the login.
    """
    if link.memory is None:
        link.memory = heap.call("session.backoff", "fresh")
    _hold(link, heap.call("session.backoff", "dialled", link.memory, clock()), clock)
    try:
        _log_in(link, clock)
    except RefusedError:
        _hold(link, heap.call("session.backoff", "failed", link.memory, clock(), True), clock)
        raise
    except (TransportError, ProtocolError) as error:
        wait = heap.call("session.backoff", "failed", link.memory, clock())
        _hold(link, wait, clock)
        link.log("no connection: %s; next try in %d s" % (error, (wait + 999) // 1000))
        if error.dates:  # The clock may be wrong: set once, or believed since another boot.
            heap.call("boot.clock", "ask_time", link.ntp_host, link.feed, link.log)
            heap.unload("boot", "utc")
        if isinstance(error, MemoryShortError):
            tries = link.memory[0]  # The first of `backoff`: failures in a row.
            heap.call("session.memory_reset", "failed", error, tries, link.identity, link.log)
        return wait
    return 0


def _log_in(link, clock):
    login = heap.call("session.login_fields", "login", link.identity)
    heap.unload("sign", "utc")
    connection = link.dial()
    try:
        heap.call("session.packets", "connect", connection, login, link.keepalive)
        heap.call("session.backoff", "online", link.memory, clock())
        from .mqtt import MQTTClient  # Here: the steps before it take heap too.

        client = MQTTClient(connection, link.acknowledged, link.max_packet)
    except (RefusedError, TransportError, ProtocolError, MemoryError):
        connection.close()
        raise
    link.began(client)
    link.log("online at %s, session %d" % (connection.peer, link.sessions))
    if link.identity.pop("Scrub", False):
        heap.call("boot.scrub", "scrub", link)


def end(link, error, clock):
    """Note that a session was lost; say so when another board seems to take it."""
    # The text of these is a sentence; of other exceptions the kind says more.
    plain = isinstance(error, (AlinkError, MemoryError))
    link.log("offline: %s" % (error if plain else repr(error)))
    wait, pushed_out = heap.call("session.backoff", "lost", link.memory, clock())
    _hold(link, wait, clock)
    if pushed_out:
        link.log(
            "another session with this identity keeps pushing this one out; look for a "
            "second board with the same DeviceName"
        )
    heap.call("chip", "look", link)


def _hold(link, ms, clock):
    # Does not connect again before `ms` milliseconds have passed.
    link.until = ticks_add(clock(), ms) if ms else None
