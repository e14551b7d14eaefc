"""Begin a session, note its loss and what it is refused: rare, so loaded for the moment."""

from time import ticks_add

from .. import heap
from ..errors import AlinkError, MemoryShortError, ProtocolError, RefusedError, TransportError
from ..topics import shown


def begin(link, clock):
    """Connect and log in; return 0, or the milliseconds to wait after a failure.

    `clock()` tells the time in `ticks_ms`.
    Raises RefusedError when the platform refuses the login.
    """
    if link.memory is None:
        link.memory = heap.call("session.backoff", "fresh")
    hold(link, heap.call("session.backoff", "dialled", link.memory, clock()), clock)
    try:
        connect(link, clock)
    except RefusedError:
        hold(link, heap.call("session.backoff", "failed", link.memory, clock(), True), clock)
        raise
    except (TransportError, ProtocolError) as error:
        wait = heap.call("session.backoff", "failed", link.memory, clock())
        hold(link, wait, clock)
        link.log("no connection: %s; next try in %d s" % (error, (wait + 999) // 1000))
        if error.dates:  # The clock may be wrong: set once, or believed since another boot.
            heap.call("boot.clock", "ask_time", link.ntp_host, link.device.feed, link.log)
        if isinstance(error, MemoryShortError):
            tries = link.memory[0]  # The first of `backoff`: failures in a row.
            heap.call("session.memory_reset", "failed", error, tries, link.identity, link.log)
        return wait
    return 0


def connect(link, clock):
    login = heap.call("session.login_fields", "login", link.identity)
    connection = link.dial()
    try:
        heap.call("session.packets", "connect", connection, login, link.device.keepalive)
        heap.call("session.backoff", "online", link.memory, clock())
        mqtt = heap.load("session.mqtt", True)  # Here: the steps before it take heap too.
        client = mqtt.MQTTClient(connection, link)
    except (RefusedError, TransportError, ProtocolError, MemoryError):
        connection.close()
        raise
    start(link, client)
    link.log("online at %s, session %d" % (connection.peer, link.sessions))
    if link.identity.pop("Scrub", False):
        heap.call("boot.scrub", "scrub", link)


def start(link, client):
    """Go on with an MQTTClient that is logged in."""
    link._client = client
    link.online = link.fresh = True
    link.sessions += 1
    link._pinged_at = None


def end(link, error, clock):
    """Note that a session was lost; say so when another board seems to take it."""
    # The text of these is a sentence; of other exceptions the kind says more.
    plain = isinstance(error, (AlinkError, MemoryError))
    link.log("offline: %s" % (error if plain else repr(error)))
    wait, pushed_out = heap.call("session.backoff", "lost", link.memory, clock())
    hold(link, wait, clock)
    if pushed_out:
        link.log(
            "another session with this identity keeps pushing this one out; look for a "
            "second board with the same DeviceName"
        )
    heap.call("chip", "look", link)


def refused(filters, codes, log):
    """Log the topic filters (bytes) that a SUBACK refuses."""
    for topic, code in zip(filters, codes):
        if code & 0x80:
            log("the platform refused the subscription to %s" % shown(topic))


def hold(link, ms, clock):
    # Does not connect again before `ms` milliseconds have passed.
    link.due = ticks_add(clock(), ms) if ms else None
