"""Time that passes only while a rig has nothing to do.

Deadlines of the SDK and the platform (ten seconds for a reply, five for a handshake) are on the
test's clock. It must not run while a busy machine leaves no processor to a board or the platform,
or a deadline passes that no fault has caused. A rig is idle once

1. each board that runs has announced a wait (all it sends is sent),
2. then the platform's event loop has no callback ready and no write under way, and the time server
   has no request (all that came is handled, all they send is sent),
3. then each board has looked at its sockets and is still in the same wait (nothing came for it),
   and what it has printed is in its `lines` (the test has heard of it).

`run_until` jumps from one due moment to the next, as a test that turns the clock wants it.
`start` lets the clock follow real time while the rig is idle, for tests that do not turn it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from alink_sim.board import FOREVER, Board, BoardError
from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from alink_sim.sntp import SntpServer
from tests.waiting import PATIENCE

_LOOK = 0.001  # Seconds between two looks.
_STARVED = 1.0  # Seconds after which a board that has not looked is not called idle.
_TICK = 0.005
_LONGEST_TICK = 0.02  # Seconds that one tick of the background clock adds at most.

T = TypeVar("T")


class ClockDriver:
    """Moves the clock of a platform, a time server and boards; `boards` may grow."""

    def __init__(
        self,
        clock: ManualClock,
        platform: Callable[[], Platform],
        boards: list[Board],
        ntp: SntpServer,
    ):
        self._clock = clock
        self._ntp = ntp
        self._platform = platform
        self._boards = boards
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def run_until(self, look: Callable[[], T], *, grain: float = 0.0, step: float = 3600.0) -> T:
        """Let time pass until `look` returns something true, and return that.

        Time goes from one due moment to the next, by `grain` seconds at least (for a `look` that
        takes long) and `step` at most (where a thread of the test is in between). Fails after
        PATIENCE, or once every board has ended.
        """
        __tracebackhide__ = True  # pytest shows who waited, not this.
        deadline = time.monotonic() + PATIENCE
        while True:
            ended = all(board.has_ended for board in self._boards)
            due = self.next_moment()
            if found := look():  # Only now: what is idle has printed and sent all.
                return found
            if ended or time.monotonic() > deadline:
                tails = "\n".join(f"{one.device_name}:\n{one.tail()}" for one in self._boards)
                raise AssertionError(f"{look.__qualname__} is {found!r}; boards printed\n{tails}")
            if due is None:
                time.sleep(_LOOK)
            else:
                self.turn(max(grain, min(step, due - self._clock.time())))

    def expect(self, board: Board, text: str, *, step: float = 3600.0) -> str:
        """Let time pass until a board prints a line with `text`; return that line."""
        __tracebackhide__ = True  # pytest shows who waited, not this.

        def line() -> str:
            try:
                return board.expect(text, timeout=0).text
            except BoardError:
                return ""

        return self.run_until(line, step=step)

    def next_moment(self) -> float | None:
        """Return when something is due, in seconds since 1970, if the rig is idle; else None."""
        waits = self._waits()
        if waits is None:
            return None
        due = min((one for one in waits if one != FOREVER), default=None)
        timers = self.timers()
        moments = timers if due is None else [*timers, due / 1000]
        return min(moments, default=None)

    # Methods that a driver of a platform in another process replaces

    def turn(self, seconds: float) -> None:
        """Let `seconds` pass at once."""
        self._clock.advance(seconds)

    def timers(self) -> list[float]:
        """Return when the platform's next timer is due, in seconds since 1970; or nothing."""
        return [at for at, _, _ in self._clock._timers[:1]]

    def platform_rests(self) -> bool:
        """Return whether the platform has nothing to do at this moment."""
        return is_quiet(self._platform())

    def start(self) -> None:
        """Let the clock follow real time from now on, while the rig is idle."""
        self._thread = threading.Thread(target=self._follow, name="clock", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Let the clock stand still."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def _follow(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(_TICK):
            idle = self._waits() is not None
            now = time.monotonic()
            if idle:
                self._clock.advance(min(now - last, _LONGEST_TICK))
            last = now

    def _waits(self) -> list[int] | None:
        # Until when each running board waits, in ms since 1970; None when something is at work.
        boards = [board for board in self._boards if not board.has_ended]
        before = [(board, board.waiting) for board in boards]
        now = self._clock.time() * 1000
        if any(waiting is None or waiting.until <= now for _, waiting in before):
            return None
        if not self.platform_rests() or not self._ntp.is_quiet:
            return None
        found = []
        for board, waiting in before:
            if waiting is None or not _looked(board, waiting.until, waiting.looks, waiting.kind):
                return None
            if waiting.kind != "deepsleep" and not board.has_drained:
                return None
            found.append(waiting.until)
        return found


def _looked(board: Board, until: int, looks: int, kind: str) -> bool:
    """Return whether a board looks twice, one whole look after another, and goes on waiting."""
    if kind != "poll":
        return True  # Asleep, it looks at no socket.
    deadline = time.monotonic() + _STARVED
    while time.monotonic() < deadline:
        waiting = board.waiting
        if waiting is None or (waiting.until, waiting.kind) != (until, kind):
            return False
        if (waiting.looks - looks) % 256 >= 2:
            return True
        time.sleep(_LOOK)
    return False


def is_quiet(platform: Platform) -> bool:
    """Return whether the event loop, having looked at its sockets, has nothing to do."""
    loop = platform._runner._loop
    if loop is None:
        return True
    seen = threading.Event()
    found: list[bool] = []

    def look() -> None:
        at_rest = platform._core.commits._writing is None and not _has_work(loop)
        found.append(at_rest and not loop._ready)  # type: ignore[attr-defined]
        seen.set()

    def wake() -> None:
        # The wake-up itself is an event of this round. In the next one `look` comes first, with
        # everything that the sockets have brought still in the queue behind it.
        loop.call_soon(look)

    try:
        loop.call_soon_threadsafe(wake)
    except RuntimeError:
        return True  # It has just been stopped.
    seen.wait(PATIENCE)
    return found == [True]


def _has_work(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether a thread works for the loop; at its end its result is in `_ready`."""
    executor: ThreadPoolExecutor | None = loop._default_executor  # type: ignore[attr-defined]
    return executor is not None and executor._idle_semaphore._value < len(executor._threads)
