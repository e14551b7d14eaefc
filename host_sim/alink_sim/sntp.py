"""A small SNTP server on loopback: it sets the clocks of boards, which start in 2000."""

from __future__ import annotations

import select
import socket
import struct
import threading
from typing import Self

from alink_sim.clock import Clock, SystemClock

_FROM_1900 = 2208988800
_REQUEST = struct.Struct(">B47x")
_CLIENT, _SERVER = 3, 4


class SntpServer:
    """Reply to RFC 4330 requests with the time of a clock; `start` sets `port`."""

    def __init__(
        self, *, clock: Clock | None = None, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Port 0 chooses a free port."""
        self.host = host
        self.port = port
        self._clock = clock or SystemClock()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._working = False

    @property
    def is_quiet(self) -> bool:
        """Return whether it has replied to every request that has reached its socket."""
        if self._socket is None:
            return True
        # In this order: the thread is at work before it takes a request out of the socket.
        return not select.select([self._socket], [], [], 0)[0] and not self._working

    def start(self) -> Self:
        """Start listening in a thread."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, self.port))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(
            target=self._serve, args=(self._socket,), name="sntp", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening."""
        if self._socket and self._thread:
            # An empty datagram wakes the thread; on some systems closing the socket does not.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
                waker.sendto(b"", (self.host, self.port))
            self._thread.join()
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            select.select([listener], [], [])
            self._working = True
            request, peer = listener.recvfrom(512)
            if not request:
                return
            packet = reply(request, self._clock.time())
            if packet:
                listener.sendto(packet, peer)
            self._working = False


def reply(request: bytes, now: float) -> bytes | None:
    """Return the reply to a request at `now` (seconds since 1970); None for other packets."""
    if len(request) < _REQUEST.size or request[0] & 7 != _CLIENT:
        return None
    stamp = struct.pack(">II", int(now) + _FROM_1900 & 0xFFFFFFFF, int(now % 1 * 2**32))
    version = request[0] >> 3 & 7
    head = struct.pack(">BBBbII4s", version << 3 | _SERVER, 1, 6, -20, 0, 0, b"SIM\0")
    return head + stamp + request[40:48] + stamp + stamp
