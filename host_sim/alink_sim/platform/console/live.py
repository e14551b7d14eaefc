"""Live pages: a stream of server-sent events tells a page when to fetch itself again.

An event carries no data of a device. It says that something which a page watches has changed, and
the page fetches itself and takes over what is different. So a page is written once, in its
template, and the work grows with the number of open pages, not with the number of messages.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from alink_sim.platform.console.platform_view import PlatformView
from alink_sim.platform.state.event_log import Event

_PERIOD = 1.0  # Seconds between two looks at the log.
_MOST_STREAMS = 100
_BEAT = 15  # Looks between two signs of life to a page that has nothing to see.


@dataclass(eq=False)
class _Watcher:
    """One open page: whether an event concerns it, and how it is woken."""

    concerns: Callable[[Event], bool]
    ticks: bool
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    is_over: bool = False


class Updates:
    """Wakes open pages at most once a second, when what they watch has changed."""

    def __init__(self, view: PlatformView) -> None:
        self._view = view
        self._watchers: set[_Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._state = view.state_number()

    def start(self) -> None:
        """Begin to look, in the running loop."""
        self._task = asyncio.create_task(self._look())

    async def close(self) -> None:
        """End every stream."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for watcher in self._watchers:
            watcher.is_over = True
            watcher.woken.set()
        await asyncio.sleep(0)

    async def stream(
        self, request: web.Request, response: web.StreamResponse
    ) -> web.StreamResponse:
        """Serve one page until it goes; `watch` of its address says what it watches."""
        if len(self._watchers) >= _MOST_STREAMS:
            raise web.HTTPServiceUnavailable(text="Too many pages of this console are open.")
        watcher = _watcher(request.query.get("watch", ""))
        self._watchers.add(watcher)
        try:
            await response.prepare(request)
            await response.write(b"retry: 2000\n\n")
            while not watcher.is_over:
                changed = await _woken(watcher, _PERIOD * _BEAT)
                await response.write(b"event: changed\ndata: \n\n" if changed else b": beat\n\n")
        except ConnectionError:
            pass  # The page was closed.
        finally:
            self._watchers.discard(watcher)
        return response

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_PERIOD)
            fresh = self._view.journal.catch_up()
            state, self._state = self._state, self._view.state_number()
            for watcher in self._watchers:
                if watcher.ticks or state != self._state or any(map(watcher.concerns, fresh)):
                    watcher.woken.set()


async def _woken(watcher: _Watcher, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await watcher.woken.wait()
    except TimeoutError:
        return False
    watcher.woken.clear()
    return not watcher.is_over


def _watcher(watched: str) -> _Watcher:
    """Return the watcher of "all", "tick", "product/PK" or "device/PK/DN"."""
    what, _, names = watched.partition("/")
    product_key, _, device_name = names.partition("/")
    if what == "device":
        return _Watcher(
            lambda event: (event.product_key, event.device_name) == (product_key, device_name),
            ticks=False,
        )
    if what == "product":
        return _Watcher(lambda event: event.product_key == product_key, ticks=False)
    return _Watcher(lambda _: True, ticks=what == "tick")
