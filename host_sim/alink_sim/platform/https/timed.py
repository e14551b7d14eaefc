"""HTTP connections that end when their client is silent, in seconds of the machine.

They cost memory and file descriptors of the machine, so their times are its own, not those of a
clock that a test turns.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

_REQUEST_SECONDS = 600.0  # For a whole request and its response, an upload too.


@dataclass(frozen=True)
class Times:
    """Seconds a client has for the head of a request, and may be silent otherwise."""

    head: float
    idle: float


class TimedConnection(asyncio.Protocol):
    """Passes events from a transport to aiohttp's handler, and ends a connection that is silent.

    `expired` hears why, `lost` that it has ended. `begin` and `end` tell when a request is carried
    out.
    """

    def __init__(
        self,
        handler: web.RequestHandler,
        times: Times,
        *,
        expired: Callable[[str], None],
        lost: Callable[[web.RequestHandler], None],
    ) -> None:
        self._handler = handler
        self._times = times
        self._expired = expired
        self._lost = lost
        self._transport: asyncio.BaseTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._request: web.BaseRequest | None = None
        self._is_idle = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._transport = transport
        self._handler.connection_made(transport)
        self._wait(self._times.head, "no whole head of a request")

    def data_received(self, data: bytes) -> None:
        """Hand bytes on; a head has its time from its first byte on."""
        if self._is_idle:
            self._is_idle = False
            self._wait(self._times.head, "no whole head of a request")
        elif self._request is not None and not self._request.content.is_eof():
            self._wait(self._times.idle, "no more of a request's body")
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        """Hand the end of a half on."""
        self._handler.eof_received()
        return None

    def pause_writing(self) -> None:
        """Hand it on."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Hand it on."""
        self._handler.resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait no more."""
        if self._timer:
            self._timer.cancel()
        self._lost(self._handler)
        self._handler.connection_lost(exc)

    def begin(self, request: web.BaseRequest) -> None:
        """Allow a request its time: its body may take long, while bytes come."""
        self._request = request
        if request.content.is_eof():
            self._wait(_REQUEST_SECONDS, "a request that was not finished")
        else:
            self._wait(self._times.idle, "no more of a request's body")

    def end(self) -> None:
        """Wait for the next request."""
        self._request = None
        self._is_idle = True
        self._wait(self._times.idle, "no further request")

    def _wait(self, seconds: float, what: str) -> None:
        if self._timer:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self._give_up, seconds, what)

    def _give_up(self, seconds: float, what: str) -> None:
        is_read = self._request is not None and self._request.content.is_eof()
        if is_read and seconds < _REQUEST_SECONDS:
            self._wait(_REQUEST_SECONDS, "a request that was not finished")  # It is carried out.
            return
        self._expired(f"{what} within {seconds:g} s")
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()


class TimedConnections:
    """Makes the connections of one server, and hears of their requests as a middleware."""

    def __init__(self, times: Times, expired: Callable[[str], None]) -> None:
        self._times = times
        self._expired = expired
        self._open: dict[asyncio.BaseProtocol, TimedConnection] = {}

    def made(self, handler: web.RequestHandler) -> TimedConnection:
        """Return what serves a connection, for aiohttp's handler of it."""
        timed = TimedConnection(handler, self._times, expired=self._expired, lost=self._forget)
        self._open[handler] = timed
        return timed

    def _forget(self, handler: web.RequestHandler) -> None:
        self._open.pop(handler, None)

    @web.middleware
    async def middleware(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Carry a request out within its time."""
        timed = self._open.get(request.protocol)
        if timed is None:
            return await handler(request)
        timed.begin(request)
        try:
            return await handler(request)
        finally:
            timed.end()


def one_line_logger(note: Callable[[str, str], None]) -> logging.Logger:
    """Return a logger for aiohttp: `note(kind, reason)` gets a line for each of its tracebacks."""

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            name = type(error).__name__ if error else record.getMessage().partition("\n")[0]
            if isinstance(error, ConnectionError):
                return  # The client left before its response was out.
            is_theirs = error is None or type(error).__module__.startswith("aiohttp")
            note("protocol_error" if is_theirs else "platform_error", f"HTTP: {name}"[:200])

    made = logging.Logger("http", logging.WARNING)  # noqa: LOG001 (one for each server)
    made.addHandler(Lines())
    made.propagate = False
    return made
