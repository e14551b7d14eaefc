"""A listening port: sockets in, connections out; where plain TCP goes too, the first byte tells.

docs/reference/protocol.md, "Endpoints".
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine

from alink_sim.platform.access import handshake
from alink_sim.platform.access.handshake import PortTls
from alink_sim.platform.core import Core

Protocol = Callable[[bool], asyncio.BaseProtocol]

_TLS_RECORD = b"\x16"
_BACKLOG = 512
_REST = 0.25  # Seconds without accepting, where there is no room.
_NOTE_EVERY = 10.0  # Seconds between two events about that.
_FAREWELL = 2.0  # Seconds a peer gets to answer TLS's close_notify.


class Listener:
    """One listening socket; `tls_only` takes TLS at once, else the first byte tells.

    `protocol(secure)` makes what serves a connection, once it stands.
    """

    def __init__(self, core: Core, *, tls: PortTls, tls_only: bool, protocol: Protocol) -> None:
        self._core = core
        self._tls = tls
        self._tls_only = tls_only
        self._protocol = protocol
        self._tasks: set[asyncio.Task[None]] = set()
        self._socket: socket.socket | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._refused = 0  # How often it rested since the last event about that.
        self._next_note = 0.0

    def listen(self, host: str, port: int) -> int:
        """Begin to accept in the running loop; return the port. Raises OSError."""
        self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        self._socket.setblocking(False)  # noqa: FBT003 (its only form)
        asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)
        bound: int = self._socket.getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop accepting; end what has no protocol yet."""
        if self._resting:
            self._resting.cancel()
        if self._socket:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_BACKLOG):
            if self._core.connections.is_full:
                self._rest(f"{self._core.connections.limit} connections are open, the limit")
                return
            try:
                accepted, _address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:  # Out of file descriptors; those who wait may still get in.
                self._rest(_cause(error))
                return
            peer = self._core.connections.counted(accepted)
            peer.setblocking(False)  # noqa: FBT003 (its only form)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._spawn(self._serve(peer))

    def _rest(self, reason: str) -> None:
        """Accept nothing for a moment: a client that waits would make the loop spin."""
        assert self._socket  # noqa: S101 (it has accepted)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._socket)
        self._resting = loop.call_later(_REST, self._go_on)
        self._refused += 1
        if loop.time() >= self._next_note:
            self._next_note = loop.time() + _NOTE_EVERY
            reason = f"{reason}; clients wait until one leaves"
            self._core.note("connection_failed", reason=reason, times=self._refused)
            self._refused = 0

    def _go_on(self) -> None:
        if self._socket and self._socket.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._socket, self._accept, self._socket)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, peer: socket.socket) -> None:
        """Bring a connection up to its first byte, within the time a CONNECT may take."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task  # noqa: S101 (a coroutine of `_spawn`)

        def give_up() -> None:
            self._core.note("connect_timeout", reason="no first byte, or no whole TLS handshake")
            task.cancel()

        seconds = self._core.settings.registration_seconds
        limit = self._core.clock.call_later(loop, seconds, give_up)
        try:
            secure = self._tls_only or await _first_byte(peer) == _TLS_RECORD
            tls = await handshake.context(self._core, self._tls) if secure else None
            await loop.connect_accepted_socket(
                lambda: self._protocol(secure),
                peer,
                ssl=tls,
                ssl_shutdown_timeout=_FAREWELL if secure else None,
            )
        except OSError as error:
            # A failed handshake is worth a line: it is the commonest fault of a first boot.
            self._core.note("connection_failed", reason=_cause(error))
            peer.close()
        except asyncio.CancelledError:
            peer.close()
            raise
        finally:
            limit.cancel()


async def _first_byte(peer: socket.socket) -> bytes:
    """Return the first byte that comes, left where it is; b"" when the peer goes away."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(peer, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(peer)
    return peer.recv(1, socket.MSG_PEEK)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _cause(error: OSError) -> str:
    """Return why a connection failed: OpenSSL's reason, with what it mostly means."""
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    hints = {
        "WRONG_VERSION_NUMBER": "it does not speak TLS here",
        "HTTP_REQUEST": "it speaks HTTP here",
        "TLSV1_ALERT_UNKNOWN_CA": "the device does not trust this platform's root",
        "SSLV3_ALERT_BAD_CERTIFICATE": "the device refuses the certificate, or its dates",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED": "by the device's clock the certificate has expired",
        "NO_SHARED_CIPHER": "the device offers no cipher that this platform has",
    }
    hint = hints.get(str(reason))
    return f"{reason}: {hint}" if hint else str(reason)
