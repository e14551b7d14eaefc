"""How long a client may say nothing, by the platform's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from alink_sim.clock import Clock, Timer

_RESOLUTION = 0.001  # Seconds; sums of a clock's floats are no better.


class IdleTimer:
    """Calls `expired` with the seconds allowed once nothing was heard for so long.

    A packet only notes its moment; the timer runs on and looks at that when it is due.
    """

    def __init__(self, clock: Clock, expired: Callable[[float], None]) -> None:
        self._clock = clock
        self._expired = expired
        self._timer: Timer | None = None
        self._seconds = 0.0
        self._heard = 0.0
        self._due = float("inf")
        self._is_over = False

    def allow(self, seconds: float) -> None:
        """Allow this many seconds without a packet, from now on."""
        self._seconds = seconds
        self.heard()
        if not self._is_over and self._heard + seconds < self._due:
            self._arm(seconds)  # Else the timer that runs comes first, and looks again.

    def heard(self) -> None:
        """Note that a packet has come."""
        self._heard = self._clock.monotonic()

    def cancel(self) -> None:
        """End permanently."""
        self._is_over = True
        if self._timer:
            self._timer.cancel()

    def _arm(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._due = self._clock.monotonic() + seconds
        self._timer = self._clock.call_later(asyncio.get_running_loop(), seconds, self._look)

    def _look(self) -> None:
        left = self._seconds - (self._clock.monotonic() - self._heard)
        if left > _RESOLUTION:
            self._arm(left)
        else:
            self._expired(self._seconds)
