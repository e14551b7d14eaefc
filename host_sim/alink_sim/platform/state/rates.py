"""How often something may happen: a sliding window for each name, in an event loop's own clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable


class Rates:
    """Counts what was let through, by name."""

    def __init__(self) -> None:
        self._windows: dict[Hashable, _Window] = {}

    def allow(
        self, name: Hashable, *, limit: int, seconds: float, now: float, size: int = 1
    ) -> bool:
        """Tell whether `size` more fit in the last `seconds`; they count exactly if they do."""
        window = self._windows.setdefault(name, _Window())
        window.forget(now - seconds)
        if window.total + size > limit:
            return False
        window.add(now, size)
        return True


class _Window:
    def __init__(self) -> None:
        self.total = 0
        self._passed: deque[tuple[float, int]] = deque()

    def add(self, now: float, size: int) -> None:
        self._passed.append((now, size))
        self.total += size

    def forget(self, until: float) -> None:
        while self._passed and self._passed[0][0] <= until:
            self.total -= self._passed.popleft()[1]
