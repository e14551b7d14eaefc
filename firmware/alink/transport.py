"""Dial: DNS, TCP and TLS under one deadline, certificates verified, errors renamed.

The only file that imports `socket` and `ssl`. There is no switch that turns verification off; a
private platform's root is passed as DER. Certificate failures arrive as ValueError and socket
failures as OSError with numbers that differ between ports: both become this SDK's errors here
and nowhere else.
"""

import errno
import select
import socket
import ssl
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from .errors import TransportError, VerifyError

CONNECT_MS = 30000  # DNS, TCP, TLS and CONNACK together.

_SLICE_MS = const(1000)  # A watchdog is fed at least this often while we wait.
_WRITE_MS = const(10000)  # A packet that takes longer to leave ends the connection.


def context(roots):
    """Return a TLS context that trusts `roots` (a list of DER bytes) and nothing else."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_mode = ssl.CERT_REQUIRED
    for number, der in enumerate(roots):
        try:
            made.load_verify_locations(cadata=der)
        except (ValueError, OSError):
            raise VerifyError("root certificate %d is not DER; convert it from PEM" % number)
    return made


class Connection:
    """A TLS connection that never blocks longer than it is told to.

    The handshake runs inside the first `send`: that is how MicroPython lets it have a deadline.
    """

    def __init__(self, endpoint, tls, timeout_ms, feed):
        """Connect to (host, port). Raises TransportError after `timeout_ms`; DNS may add to it."""
        host, port = endpoint
        self.peer = "%s:%d" % (host, port)
        self.written = False  # Whether a whole packet has left: what a lost registration turns on.
        self._feed = feed
        self._deadline = ticks_add(ticks_ms(), timeout_ms)
        feed()
        address = resolve(host, port, socket.SOCK_STREAM)
        feed()
        self._sock = sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._poll = select.poll()
        try:
            connect(sock, address)
            self._poll.register(sock, select.POLLOUT)
            if not self.wait(timeout_ms, True):
                raise TransportError("%s does not answer within %d ms" % (self.peer, timeout_ms))
            self._poll.unregister(sock)
            self._sock = tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
            self._poll.register(self._sock, select.POLLIN)
        except (OSError, ValueError) as error:
            sock.close()
            raise self._renamed(error)
        except TransportError:
            sock.close()
            raise

    def readinto(self, view):
        """Read what is there into `view`; return the count, None when there is nothing."""
        try:
            count = self._sock.readinto(view)
        except (OSError, ValueError) as error:
            raise self._renamed(error)
        if count == 0:
            raise TransportError("%s closed the connection" % self.peer)
        return count

    def send(self, view):
        """Write all of `view`. Raises TransportError when it cannot leave in time."""
        left = self.time_left()
        if left <= 0:
            left = _WRITE_MS
            self._deadline = ticks_add(ticks_ms(), left)
        while view:
            try:
                # mbedTLS must be offered the same bytes until it takes them.
                count = self._sock.write(view)
            except (OSError, ValueError) as error:
                raise self._renamed(error)
            if count:
                view = view[count:]
            elif not self.wait(self.time_left(), True):
                raise TransportError("%s takes no bytes: handshake or write timed out" % self.peer)
        self.written = True

    def time_left(self):
        """Return the milliseconds until this connection's current deadline; can be negative."""
        return ticks_diff(self._deadline, ticks_ms())

    def wait(self, ms, write=False):
        """Wait up to `ms` for bytes (or for room to write); return whether there are."""
        self._poll.modify(self._sock, select.POLLOUT if write else select.POLLIN)
        end = ticks_add(ticks_ms(), ms)
        while True:
            self._feed()
            left = ticks_diff(end, ticks_ms())
            if self._poll.poll(max(0, min(left, _SLICE_MS))):
                return True
            if left <= 0:
                return False

    def close(self):
        """Close; never raises."""
        try:
            self._sock.close()
        except OSError:
            pass  # It is closed all the same.

    def _renamed(self, error):
        if not isinstance(error, OSError):
            from .verdict import verdict  # Only now: most boards never need it.

            return VerifyError(verdict(self.peer, str(error)))
        number = error.errno
        if isinstance(number, int):
            number = errno.errorcode.get(abs(number), number)
        return TransportError("the connection to %s failed: %s" % (self.peer, number))


def resolve(host, port, kind):
    """Return the first IPv4 address of a host; `kind` is the socket's. Raises TransportError."""
    try:
        return socket.getaddrinfo(host, port, socket.AF_INET, kind)[0][-1]
    except (OSError, IndexError):
        raise TransportError("no address found for %s; check the network and the name" % host)


def connect(sock, address):
    """Begin to connect without blocking; poll tells when it is done."""
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise
