"""A TCP proxy that ends a connection after a number of bytes, counted in both directions."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time


class CuttingProxy:
    """Forward connections to a port; `cut_after` ends one connection."""

    def __init__(self, port: int) -> None:
        """Forward to `port` of this machine; clients connect to `self.port`."""
        self._target = port
        self._lock = threading.Lock()
        self._left: int | None = None
        self._resets = False
        self._open: list[socket.socket] = []
        self.moved_at = time.monotonic()
        self.cut = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut_after(self, count: int, *, resets: bool) -> None:
        """End the connection after `count` more bytes, with a TCP reset or a close."""
        with self._lock:
            self.cut.clear()
            self._left, self._resets = count, resets

    def close(self) -> None:
        """Close the listener and all connections."""
        self._listener.close()
        with self._lock:
            self._end()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                for one in (near, far):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    self.moved_at = time.monotonic()
                    allowed = data if self._left is None else data[: self._left]
                    target.sendall(allowed)
                    if self._left is None:
                        continue
                    self._left -= len(allowed)
                    if not self._left:
                        self._left = None
                        self._end()
                        self.cut.set()
                        return
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def _end(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                if self._resets:
                    # With a linger time of 0, close sends RST.
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.shutdown(socket.SHUT_RD)  # Otherwise a reading thread keeps it open.
                else:
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._open.clear()
