"""How often something may happen: a sliding window for each name, in an event loop's own clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable


class Rates:
    """Counts what was let through, by name."""

    def __init__(self) -> None:
        self._passed: dict[Hashable, deque[float]] = {}

    def allow(self, name: Hashable, *, limit: int, seconds: float, now: float) -> bool:
        """Tell whether one more fits in the last `seconds`; it counts exactly if it does."""
        passed = self._passed.setdefault(name, deque())
        while passed and passed[0] <= now - seconds:
            passed.popleft()
        if len(passed) >= limit:
            return False
        passed.append(now)
        return True
