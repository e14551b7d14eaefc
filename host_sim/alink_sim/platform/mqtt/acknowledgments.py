"""Acknowledgments to a client, in order, each sent once its message is committed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

_Entry = tuple[asyncio.Future[None] | None, Callable[[], None]]


class Acknowledgments:
    """The acknowledgments of one connection that wait. `fail` hears of a commit that failed."""

    def __init__(self, fail: Callable[[BaseException], None]) -> None:
        self._fail = fail
        self._waiting: deque[_Entry] = deque()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def add(self, send: Callable[[], None], *, after: asyncio.Future[None] | None = None) -> None:
        """Send an acknowledgment in its turn, and after the commit `after` if there is one."""
        if after is None and not self._waiting:
            send()
            return
        self._waiting.append((after, send))
        if after is not None:
            after.add_done_callback(lambda _: self._go_on())

    def clear(self) -> None:
        """Forget what waits: the connection has ended."""
        self._waiting.clear()

    def _go_on(self) -> None:
        while self._waiting:
            after, send = self._waiting[0]
            if after is not None:
                if not after.done():
                    return
                if after.cancelled():
                    return  # The platform stops.
                if error := after.exception():
                    self.clear()
                    self._fail(error)
                    return
            self._waiting.popleft()
            send()
