"""TCP proxies on loopback: one counts bytes, one ends a connection after a number of bytes."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

_PATIENCE = 10.0  # Seconds until a connection that a program has closed counts as hung.


class Proxy:
    """Forward connections to a port and count the bytes that clients send.

    `port` is the one for clients; `sent` counts bytes.
    """

    def __init__(self, target: int) -> None:
        """Forward to the port `target` of this machine."""
        self.sent = 0
        self._ended = 0
        self._target = target
        self._open: list[socket.socket] = []
        self._changed = threading.Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def wait_for_ends(self, connections: int) -> int:
        """Wait until this many connections have ended; return the bytes sent so far."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended >= connections, _PATIENCE):
                raise TimeoutError(f"{self._ended} of {connections} connections ended")
            return self.sent

    def close(self) -> None:
        """Close the listener and all connections."""
        self._listener.close()
        with self._changed:
            self._close_all(resets=False)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._changed:
                    self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(
                        target=self._pump,
                        args=(source, target),
                        kwargs={"is_client": source is near},
                        daemon=True,
                    ).start()

    def _pump(self, source: socket.socket, target: socket.socket, *, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self._changed:
                    self.sent += len(data) if is_client else 0
                    self._forward(data, target)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
        with self._changed:
            self._ended += is_client
            self._changed.notify_all()

    def _forward(self, data: bytes, target: socket.socket) -> None:
        target.sendall(data)

    def _close_all(self, *, resets: bool) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                if resets:
                    # With a linger time of 0, close sends RST.
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.shutdown(socket.SHUT_RD)  # Otherwise a reading thread keeps it open.
                else:
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._open.clear()


class CuttingProxy(Proxy):
    """Forward connections to a port; `cut_after` ends one after bytes in both directions."""

    def __init__(self, target: int) -> None:
        """Forward to the port `target` of this machine."""
        self._left: int | None = None
        self._resets = False
        self.moved_at = time.monotonic()
        self.cut = threading.Event()
        super().__init__(target)

    def cut_after(self, count: int, *, resets: bool) -> None:
        """End the connection after `count` more bytes, with a TCP reset or a close."""
        with self._changed:
            self.cut.clear()
            self._left, self._resets = count, resets

    def _forward(self, data: bytes, target: socket.socket) -> None:
        self.moved_at = time.monotonic()
        target.sendall(data if self._left is None else data[: self._left])
        if self._left is None:
            return
        self._left -= min(self._left, len(data))
        if not self._left:
            self._left = None
            self._close_all(resets=self._resets)
            self.cut.set()
