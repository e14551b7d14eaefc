"""Dial: DNS, TCP and TLS under one deadline, the server's certificate always verified.

There is no switch that turns verification off; a private platform's root is passed as DER. Only
this file and `plain` import `socket`, only this one `ssl`. Unloaded once the connection stands.
"""

import errno
import gc
import socket
import ssl

from micropython import const

from .. import heap
from ..errors import TransportError

Connection = heap.load("session.connection", True).Connection

_CONNECT_MS = const(30000)  # TCP, TLS and CONNACK together.


def context(roots):
    """Return a TLS context that trusts `roots` (a list of DER bytes) and nothing else."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.verify_mode = ssl.CERT_REQUIRED
    for number, der in enumerate(roots):
        try:
            made.load_verify_locations(cadata=der)
        except (ValueError, OSError) as error:
            raise heap.call("session.tls_errors", "unread_root", number, error)
    return made


def dial(endpoint, tls, feed):
    """Return a Connection to (host, port). Raises TransportError after 30 s; DNS may add to it.

    `tls` is a `context`; the handshake, and with it VerifyError, comes with the first `send`.
    """
    host, port = endpoint
    gc.collect()  # TLS takes its memory elsewhere, but a growing heap takes it away.
    if feed:
        feed()
    address = resolve(host, port, socket.SOCK_STREAM)
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection = Connection(sock, "%s:%d" % endpoint, _CONNECT_MS, feed)
    try:
        connect(sock, address)
        if not connection.wait(connection.timeout(), True):
            raise TransportError("%s does not answer" % connection.peer)
        connection.use(tls.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False))
    except (OSError, ValueError) as error:
        sock.close()
        raise connection.named(error)
    except TransportError:
        sock.close()
        raise
    return connection


def resolve(host, port, kind):
    """Return the first IPv4 address of a host; `kind` is the socket's. Raises TransportError."""
    try:
        return socket.getaddrinfo(host, port, socket.AF_INET, kind)[0][-1]
    except (OSError, IndexError) as error:
        raise heap.call("session.tls_errors", "no_address", host, error)


def connect(sock, address):
    """Begin to connect without blocking; poll tells when it is done."""
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if error.errno != errno.EINPROGRESS:
            raise
