"""What goes in clear: the question that sets the clock before TLS, a file of known digest."""

import select
import socket
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from .errors import TransportError
from .transport import connect, resolve

_ANSWER_MS = const(3000)


def exchange(host, port, request, datagram, feed):
    """Send `request` in clear; return what comes back: as long a datagram, or 512 bytes of TCP.

    `feed()` is called before each wait. Raises TransportError after 3 s.
    """
    kind = socket.SOCK_DGRAM if datagram else socket.SOCK_STREAM
    if feed:
        feed()
    address = resolve(host, port, kind)
    sock = socket.socket(socket.AF_INET, kind)
    poll = select.poll()
    end = ticks_add(ticks_ms(), _ANSWER_MS)
    try:
        connect(sock, address)
        for event in (select.POLLOUT, select.POLLIN):
            if feed:
                feed()
            poll.register(sock, event)
            if not poll.poll(max(0, ticks_diff(end, ticks_ms()))):
                raise TransportError("no answer within %d ms" % _ANSWER_MS)
            if event == select.POLLOUT:
                sock.send(request)
        return sock.recv(len(request) if datagram else 512)
    except OSError as error:
        raise TransportError("error %s" % error.errno)
    finally:
        sock.close()


class Clear:
    """In place of a TLS context where a connection is to stay in clear."""

    def wrap_socket(self, sock, **_):
        """Return the socket as it is."""
        return sock
