"""An established connection: bytes in and out, never blocking longer than its caller allows.

Certificate failures arrive as ValueError and socket failures as OSError with numbers that differ
between ports: both become this SDK's errors here and in `transport`, nowhere else.
"""

import select
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from .. import heap
from ..errors import TransportError

_SLICE_MS = const(1000)  # A watchdog is fed at least this often while we wait.
_WRITE_MS = const(10000)  # A packet that takes longer to leave ends the connection.


class Connection:
    """A socket with deadlines. The TLS handshake runs inside its first `send`: that is how
    MicroPython lets a handshake have a deadline.
    """

    def __init__(self, sock, peer, timeout_ms, feed):
        """`timeout_ms` covers everything up to and with the answer to the first packet.

        `feed()`, where there is one, is called every second while something here waits.
        """
        self.peer = peer
        self.written = False  # Whether a whole packet has left: what a lost registration turns on.
        self.end = ticks_add(ticks_ms(), timeout_ms)
        self.feed = feed
        self.poll = select.poll()
        self.sock = None
        self.use(sock)

    def use(self, sock):
        """Go on with this socket: TCP first, then TLS over it."""
        if self.sock:
            self.poll.unregister(self.sock)  # It can be readable when TLS has nothing to give.
        self.sock = sock
        self.poll.register(sock, select.POLLIN)

    def readinto(self, view):
        """Read the available bytes into `view`; return their count, or None without any."""
        try:
            count = self.sock.readinto(view)
        except (OSError, ValueError) as error:
            raise self.named(error)
        if count == 0:
            raise TransportError("%s closed the connection" % self.peer)
        return count

    def send(self, view):
        """Write all of `view`. Raises TransportError when it cannot leave in time."""
        left = len(view)
        fresh = self.written  # The first packet leaves within the deadline of the connect.
        while left:
            try:
                # mbedTLS must be offered the same bytes until it takes them.
                count = self.sock.write(view)
            except (OSError, ValueError) as error:
                raise self.named(error)
            if count:
                left -= count
                if left:
                    view = view[count:]
                continue
            if fresh:
                self.end = ticks_add(ticks_ms(), _WRITE_MS)
                fresh = False
            if not self.wait(self.timeout(), True):
                raise TransportError("%s takes no bytes: handshake or write timed out" % self.peer)
        self.written = True

    def timeout(self):
        """Return the milliseconds until this connection's current deadline; can be negative."""
        return ticks_diff(self.end, ticks_ms())

    def wait(self, ms, write=False):
        """Wait up to `ms` for bytes (or for room to write); return whether there are."""
        self.poll.modify(self.sock, select.POLLOUT if write else select.POLLIN)
        end = ticks_add(ticks_ms(), ms)
        while True:
            left = max(0, ticks_diff(end, ticks_ms()))
            if self.feed:
                self.feed()
                left = min(left, _SLICE_MS)
            if self.poll.poll(left):
                return True
            left = ticks_diff(end, ticks_ms())
            if left <= 0:
                return False

    def close(self):
        """Close; never raises."""
        try:
            self.sock.close()
        except OSError:
            pass  # It is closed all the same.

    def named(self, error):
        """Return an OSError or a ValueError of the socket as the error of this SDK that it is."""
        return heap.call("session.tls_errors", "named", self.peer, error)
