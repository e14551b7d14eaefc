"""How many connections are open on all ports of a platform, and how many may be.

Some file descriptors are left for the administration, the database and files: a platform that is
full of idle clients still answers its operator.
"""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable

_RESERVE = 64  # File descriptors that no client gets.


class OpenConnections:
    """Counts sockets of clients. `most` is a setting; the process may allow fewer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0

    @property
    def limit(self) -> int:
        """Return how many may be open: asked each time, for the process's limit may change."""
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if soft == resource.RLIM_INFINITY:
            return self._most
        return max(1, min(self._most, soft - _RESERVE))

    @property
    def is_full(self) -> bool:
        """Tell whether one more would be too many."""
        return self._count >= self.limit

    def counted(self, accepted: socket.socket) -> socket.socket:
        """Return an accepted socket as one that counts until it is closed."""
        self._count += 1
        return _Counted(accepted, self._closed)

    def _closed(self) -> None:
        self._count -= 1


class _Counted(socket.socket):
    def __init__(self, accepted: socket.socket, closed: Callable[[], None]) -> None:
        self._closed_once: Callable[[], None] | None = closed
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())

    def close(self) -> None:
        """Close, and count no more."""
        self._leave()
        super().close()

    def detach(self) -> int:
        """Give the descriptor away to be closed, as uvloop does; count no more."""
        self._leave()
        return super().detach()

    def _leave(self) -> None:
        closed, self._closed_once = self._closed_once, None
        if closed:
            closed()
