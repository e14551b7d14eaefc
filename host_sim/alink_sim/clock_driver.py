"""Time that passes only while a platform and its boards have nothing to do.

Deadlines of the SDK and the platform (ten seconds for a reply, five for a handshake) are on the
test's clock. It must not run while a busy machine leaves no processor to a board or the platform,
or a deadline passes that no fault has caused. A rig is idle once

1. each board that runs has announced a wait (all it sends is sent),
2. then the platform's event loop has no callback ready and no write under way, and the time server
   has no request (all that came is handled, all they send is sent),
3. then each board has looked at its sockets and is still in the same wait (nothing came for it),
   and what it has printed is in its `lines` (the test has heard of it).

`run_until` jumps from one due moment to the next, as a test that turns the clock wants it;
`ManualClock.run_until` calls `until`. `start` lets the clock follow real time while the rig is
idle, for tests that do not turn it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from alink_sim.board import FOREVER, Board, BoardError, Waiting
from alink_sim.clock import ManualClock
from alink_sim.patience import patience
from alink_sim.platform import Event, Platform
from alink_sim.platform.state import event_kinds
from alink_sim.sntp import SntpServer

_LOOK = 0.001  # Seconds between two looks.
_STARVED = 1.0  # Seconds after which a board that has not looked is not called idle.
_TICK = 0.005
_LONGEST_TICK = 0.02  # Seconds that one tick of the background clock adds at most.

_ENDS = ("halted", "crashed", "cut")

T = TypeVar("T")


class ClockDriver:
    """Moves the clock of a platform, a time server and `boards`, a list that may grow."""

    def __init__(
        self,
        clock: ManualClock,
        platform: Callable[[], Platform],
        boards: list[Board],
        ntp: SntpServer | None,
    ) -> None:
        self._clock = clock
        self._ntp = ntp
        self._platform = platform
        self.boards = boards
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def run_until(self, look: Callable[[], T], *, grain: float = 0.0, step: float = 3600.0) -> T:
        """Let time pass until `look` returns something true, and return that.

        Time goes from one due moment to the next, by `grain` seconds at least (for a `look` that
        takes long) and `step` at most (where a thread of the test is in between). Raises
        AssertionError after `alink_sim.patience`, or once every board has ended by itself.
        """
        __tracebackhide__ = True  # pytest shows who waited, not this.
        deadline = time.monotonic() + patience()
        while True:
            # One that the test has switched off may be a step of the test.
            ended = bool(self.boards) and all(board.ended in _ENDS for board in self.boards)
            due = self.next_moment()
            if found := look():  # Only now: what is idle has printed and sent all.
                return found
            if ended or time.monotonic() > deadline:
                tails = "\n".join(f"{one.device_name}:\n{one.tail()}" for one in self.boards)
                name = getattr(look, "__qualname__", look)
                raise AssertionError(f"{name} is {found!r}; boards printed\n{tails}")
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

    def until(
        self,
        what: str | Callable[[], T],
        *,
        device_name: str | None = None,
        after: Event | None = None,
        **detail: Any,
    ) -> Event | T:
        """Let time pass until the platform notes an event, or a callable returns something true.

        Returns the event, or what the callable does. An event is given as in `Platform.expect`.
        Raises AssertionError as `run_until`, ValueError for an unknown kind of event.
        """
        __tracebackhide__ = True  # pytest shows who waited, not this.
        if callable(what):
            return self.run_until(what)
        log, wanted = self._platform().log, {"device_name": device_name, "after": after, **detail}
        event_kinds.check(what)

        def event() -> Event | None:
            return log.newest(what, **wanted)

        event.__qualname__ = f"event {what!r}"
        found = self.run_until(event)
        assert found  # noqa: S101 (`run_until` returns nothing else)
        return found

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
        return self._clock.next_timers()

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
        boards = [board for board in self.boards if not board.has_ended]
        before = [(board, board.waiting) for board in boards]
        now = self._clock.time() * 1000
        if any(waiting is None or waiting.until <= now for _, waiting in before):
            return None
        if not self.platform_rests() or not (self._ntp is None or self._ntp.is_quiet):
            return None
        found = []
        for board, waiting in before:
            if waiting is None or not _goes_on(board, waiting):
                return None
            # Asleep is what a test may wait for; the host knows it a moment later.
            if not (board.asleep if waiting.kind == "deepsleep" else board.has_drained):
                return None
            found.append(waiting.until)
        return found


def _goes_on(board: Board, wait: Waiting) -> bool:
    """Return whether a board looks twice from now on, one whole look, and is in the same wait."""
    if wait.kind != "poll":
        return True  # Asleep, it looks at no socket.
    # Only looks from now on count: what the platform has just sent came after the others.
    first = None
    deadline = time.monotonic() + _STARVED
    while time.monotonic() < deadline:
        now = board.waiting
        if now is None or (now.until, now.number) != (wait.until, wait.number):
            return False
        first = now.looks if first is None else first
        if (now.looks - first) % 256 >= 2:
            return True
        time.sleep(_LOOK)
    return False


def is_quiet(platform: Platform) -> bool:
    """Return whether the platform has handled all that came, and sent all that it sends."""
    return platform._runner.is_quiet()  # noqa: SLF001 (platform.py is as long as a file may be)
