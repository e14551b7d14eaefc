"""How a session begins and how it is lost: rare, so `link` unloads this after each."""

from .errors import ProtocolError, RefusedError, TransportError
from .mqtt import MQTTClient
from .pace import dialled, failed, fresh, lost, online, random_below


def begin(link, clock):
    """Connect and log in; return 0, or the milliseconds to wait after a failure.

    `clock()` tells the time in `ticks_ms`.
    Raises RefusedError when the platform refuses the login.
    """
    if link.memory is None:
        link.memory = fresh()
    link.hold(dialled(link.memory, clock()))
    try:
        _log_in(link)
    except RefusedError:
        link.hold(failed(link.memory, clock(), random_below, True))
        raise
    except (TransportError, ProtocolError) as error:
        wait = failed(link.memory, clock(), random_below)
        link.hold(wait)
        link.log("no connection: %s; next try in %d s" % (error, (wait + 999) // 1000))
        return wait
    online(link.memory, clock())
    return 0


def _log_in(link):
    connection = link.dial()
    client = MQTTClient(connection, link.keep, link.acknowledged, link.max_packet)
    try:
        client.connect(link.login, link.keepalive)
    except (RefusedError, TransportError, ProtocolError, MemoryError):
        client.disconnect()
        raise
    link.began(client)
    link.log("online at %s, session %d" % (connection.peer, link.sessions))


def end(link, error, clock):
    """Note that a session was lost; say so when another board seems to take it."""
    link.log("offline: %s" % error)
    wait, pushed_out = lost(link.memory, clock(), random_below)
    link.hold(wait)
    if pushed_out:
        link.log(
            "another session with this identity keeps pushing this one out; look for a "
            "second board with the same DeviceName"
        )
