"""The one clock that platform and boards take their time from, so that tests can turn it.

`SystemClock` is the machine's. `ManualClock` stands until `advance` moves it: due timers run in
their own event loops, in order, before `advance` returns, and the time is kept in a file that
boards read (8 bytes, little-endian: milliseconds since 1970 UTC).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from alink_sim.patience import patience

_ROUNDS = 3  # How often a loop is let go round after a timer, for what the timer set off.


class Timer(Protocol):
    """What `call_later` returns."""

    def cancel(self) -> None:
        """Do not run, if it has not run yet."""


class Clock(Protocol):
    """Time for everything that waits."""

    @property
    def path(self) -> Path | None:
        """The file that boards read their time from; None: they use the machine's."""

    def time(self) -> float:
        """Return seconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Return seconds since some moment; never goes back."""

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]
    ) -> Timer:
        """Run `callback` in `loop` after `seconds`; call this in the loop's own thread."""


class SystemClock:
    """The machine's time."""

    path: Path | None = None

    def time(self) -> float:
        """Return seconds since 1970 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since the machine started."""
        return time.monotonic()

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]
    ) -> Timer:
        """Run `callback` in `loop` after `seconds`."""
        return loop.call_later(seconds, callback)


class ManualClock:
    """A clock that stands still until `advance`."""

    def __init__(self, path: Path | None = None, *, start: float = 1795456800.0) -> None:
        """Start at `start` seconds since 1970 (2026-11-23 18:00 UTC); keep the time in `path`."""
        self.path = path
        self._now = start
        self._start = start
        self._timers: list[tuple[float, int, _Timer]] = []
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._turning = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644) if path else None
        self._write()

    def time(self) -> float:
        """Return seconds since 1970 UTC."""
        return self._now

    def monotonic(self) -> float:
        """Return the seconds it was advanced by."""
        return self._now - self._start

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]
    ) -> Timer:
        """Run `callback` in `loop` once the clock was advanced by `seconds`."""
        timer = _Timer(loop, callback)
        with self._lock:
            heapq.heappush(
                self._timers, (self._now + max(0.0, seconds), next(self._numbers), timer)
            )
        return timer

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; every timer due by then has run when this returns.

        Not from inside an event loop that has timers here: it waits for that loop.
        """
        with self._turning:
            end = self._now + seconds
            while (due := self._next(end)) is not None:
                self._move(due[0])
                due[1].fire()
            self._move(end)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _next(self, end: float) -> tuple[float, _Timer] | None:
        with self._lock:
            if self._timers and self._timers[0][0] <= end:
                at, _, timer = heapq.heappop(self._timers)
                return at, timer
        return None

    def _move(self, now: float) -> None:
        self._now = max(self._now, now)
        self._write()

    def _write(self) -> None:
        if self._file is not None:
            os.pwrite(self._file, round(self._now * 1000).to_bytes(8, "little"), 0)


class _Timer:
    """A callback that waits for its moment."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        """Run in the loop and wait until it, and what it set off at once, is done."""
        if self._callback is None or self._loop.is_closed():
            return
        self._in_loop(self._run)
        for _ in range(_ROUNDS):
            self._in_loop(lambda: None)

    def _run(self) -> None:
        if self._callback is not None:
            self._callback()

    def _in_loop(self, action: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            try:
                action()
            finally:
                done.set()

        self._loop.call_soon_threadsafe(run)
        if not done.wait(patience()):
            raise RuntimeError(
                "the event loop of a timer does not run; is advance() called in it?"
            )
