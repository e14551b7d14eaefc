"""The clock of the platform and the boards; a test can advance it.

`SystemClock` is the clock of the machine. `ManualClock` stands still until `advance`: due timers
run in their event loops, in order, before `advance` returns. It writes its time to a file that the
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
from typing import Any, Protocol

from alink_sim.patience import patience

_ROUNDS = 3  # Turns of the loop after a timer, for callbacks that the timer scheduled.


class Timer(Protocol):
    """A scheduled callback; `call_later` returns it."""

    def cancel(self) -> None:
        """Cancel the callback; do nothing if it has run."""


class Clock(Protocol):
    """The time, and timers on it."""

    @property
    def path(self) -> Path | None:
        """Return the file that boards read their time from; None for the machine's clock."""

    def time(self) -> float:
        """Return seconds since 1970 UTC."""

    def monotonic(self) -> float:
        """Return seconds since a fixed moment; they never decrease."""

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]
    ) -> Timer:
        """Run `callback` in `loop` after `seconds`; call this in the thread of the loop."""


_NOT_TURNED = (
    "the machine's clock cannot be turned: let the fixture iot_clock return a ManualClock"
)


class SystemClock:
    """The clock of the machine."""

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

    def advance(self, seconds: float) -> None:
        """Raise RuntimeError: only a `ManualClock` can be turned."""
        del seconds
        raise RuntimeError(_NOT_TURNED)

    def run_until(self, what: str | Callable[[], Any], **wanted: Any) -> Any:
        """Raise RuntimeError: only a `ManualClock` can be turned."""
        del what, wanted
        raise RuntimeError(_NOT_TURNED)


class Driver(Protocol):
    """Knows what a platform and its boards wait for: `alink_sim.clock_driver.ClockDriver`."""

    def until(self, what: str | Callable[[], Any], **wanted: Any) -> Any:
        """Let time pass until `what` has happened, and return it."""


class ManualClock:
    """A clock that stands still until `advance` or `run_until`."""

    def __init__(self, path: Path | None = None, *, start: float = 1795456800.0) -> None:
        """Start at `start` seconds since 1970 (2026-11-23 18:00 UTC); write the time to `path`."""
        self.path = path
        self.driver: Driver | None = None  # The fixtures of pytest set it.
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
        """Return the seconds that `advance` has added."""
        return self._now - self._start

    def call_later(
        self, loop: asyncio.AbstractEventLoop, seconds: float, callback: Callable[[], None]
    ) -> Timer:
        """Run `callback` in `loop` once the clock has advanced by `seconds`."""
        timer = _Timer(loop, callback)
        with self._lock:
            heapq.heappush(
                self._timers, (self._now + max(0.0, seconds), next(self._numbers), timer)
            )
        return timer

    def advance(self, seconds: float) -> None:
        """Advance by `seconds`; return after all timers that are due by then have run.

        Do not call it inside an event loop that has timers here: it waits for that loop.
        """
        with self._turning:
            end = self._now + seconds
            while (due := self._next(end)) is not None:
                self._move(due[0])
                due[1].fire()
            self._move(end)

    def run_until(self, what: str | Callable[[], Any], **wanted: Any) -> Any:
        """Advance from one due moment to the next until an event, or until a callable is true.

        Returns the event, or what the callable returns. `run_until("online", device_name="dev-1")`
        takes what `Platform.expect` takes. Time moves only while the platform and the boards have
        nothing to do, so a slow machine changes no result. Raises AssertionError if it does not
        come, RuntimeError without a platform.
        """
        __tracebackhide__ = True  # pytest shows who waited, not this.
        if self.driver is None:
            raise RuntimeError(
                "run_until needs a platform: add the fixture iot_platform or board to the test"
            )
        return self.driver.until(what, **wanted)

    def next_timers(self) -> list[float]:
        """Return when the next timer is due, in seconds since 1970; empty without a timer."""
        with self._lock:
            return [at for at, _, _ in self._timers[:1]]

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
    """A callback and the event loop that runs it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
        self._loop = loop
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        """Run the callback in the loop; return when it and the callbacks it scheduled have run."""
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
                "the event loop of a timer does not run: do not call advance() inside that loop"
            )
