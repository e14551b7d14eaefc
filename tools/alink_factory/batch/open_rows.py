"""The free rows that any board may take, in file order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from alink_factory.batch.rows import Row
from alink_factory.ledger import TakenRows


class OpenRows:
    """Yields free rows; it remembers how many rows at the start are taken.

    So the next free row costs the same at the end of a large batch as at its start.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._start = 0  # All rows before this one are taken, unless a row became free.
        self._freed = 0
        self._lock = threading.Lock()

    def free(self, taken: TakenRows) -> Iterator[Row]:
        """Yield the rows that are not taken."""
        with self._lock:
            if taken.freed != self._freed:
                self._start, self._freed = 0, taken.freed
            while self._start < len(self._rows) and self._rows[self._start].key in taken:
                self._start += 1
            start = self._start
        for index in range(start, len(self._rows)):
            if self._rows[index].key not in taken:
                yield self._rows[index]
