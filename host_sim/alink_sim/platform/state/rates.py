"""How often something may happen: a sliding window for each name, in an event loop's own clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable

_SWEEP = 1024  # New names between two looks for windows that have run empty.
_MOST = 100_000  # Names at once; beyond, the least recently used one goes.


class Rates:
    """Counts what was let through, by name. A name costs memory only while its window holds."""

    def __init__(self) -> None:
        self._windows: dict[int, _Window] = {}
        self._fresh = 0

    def __len__(self) -> int:
        """Return how many names there are."""
        return len(self._windows)

    def allow(
        self, name: Hashable, *, limit: int, seconds: float, now: float, size: int = 1
    ) -> bool:
        """Tell whether `size` more fit in the last `seconds`; they count exactly if they do."""
        window = self._window(hash(name), seconds, now)
        window.forget(now)
        if window.total + size > limit:
            return False
        window.add(now, size)
        return True

    def _window(self, name: int, seconds: float, now: float) -> _Window:
        # Names come from outside, of any length: a number stands for each.
        window = self._windows.pop(name, None)
        if window is None:
            window = _Window(seconds)
            self._fresh += 1
            if self._fresh > _SWEEP:
                self._sweep(now)
            if len(self._windows) >= _MOST:
                del self._windows[next(iter(self._windows))]
        self._windows[name] = window  # The newest is last.
        return window

    def _sweep(self, now: float) -> None:
        self._fresh = 0
        for name, window in list(self._windows.items()):
            window.forget(now)
            if not window.total:
                del self._windows[name]


class _Window:
    __slots__ = ("_passed", "_seconds", "total")

    def __init__(self, seconds: float) -> None:
        self.total = 0
        self._seconds = seconds
        self._passed: list[tuple[float, int]] = []

    def add(self, now: float, size: int) -> None:
        self._passed.append((now, size))
        self.total += size

    def forget(self, now: float) -> None:
        old = bisect_right(self._passed, now - self._seconds, key=lambda one: one[0])
        if old:
            self.total -= sum(size for _, size in self._passed[:old])
            del self._passed[:old]
