"""A clock that follows the time of the machine and can be set forward while it runs."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Self

from alink_sim.clock import ManualClock

_TICK = 0.01  # seconds


class RunningClock(ManualClock):
    """A ManualClock that also advances by the time that passes. Use it as a context."""

    def __init__(self, path: Path) -> None:
        """Begin at the time of the machine; boards read the time from the file `path`."""
        super().__init__(path, start=time.time())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        self.close()

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stopped.wait(_TICK):
            now = time.monotonic()
            self.advance(now - last)
            last = now
