"""One connection of the console: a request's head has to arrive within a time, and not too long.

aiohttp limits how long a connection may be idle behind a response, but lets a head take for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

HEAD_SECONDS = 10.0
IDLE_SECONDS = 60.0
_MAX_FIELD = 8190  # Bytes of one header field, and of the request line.


class Connection(web.RequestHandler):
    """A connection whose request heads have a deadline; `request_began` meets it."""

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(
            manager,
            keepalive_timeout=IDLE_SECONDS,
            max_line_size=_MAX_FIELD,
            max_field_size=_MAX_FIELD,
            access_log=None,  # type: ignore[arg-type]
            **options,
        )
        self._deadline: asyncio.TimerHandle | None = None
        self._is_serving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes in; the first ones behind a response begin the next head."""
        if not self._is_serving and self._deadline is None:
            self._wait_for_head()
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the deadline."""
        self._stop_waiting()
        super().connection_lost(exc)

    def request_began(self) -> None:
        """Note that a whole head is there."""
        self._stop_waiting()
        self._is_serving = True

    def request_ended(self) -> None:
        """Note that the response is out; from here on aiohttp's idle time counts."""
        self._is_serving = False

    def _wait_for_head(self) -> None:
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(HEAD_SECONDS, self.force_close)

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
