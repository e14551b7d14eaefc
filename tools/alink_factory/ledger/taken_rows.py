"""The rows of a batch that boards hold, kept up to date from new entries only.

A ledger has millions of entries at the end of a large batch. So a line reads each entry once: the
cost of an update depends on the events since the last one, not on the size of the batch.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable

_TAKEN = ("claimed", "done")
_FREED = ("released", "scrapped", "wiped")
RELEVANT = (*_TAKEN, *_FREED)  # The events that matter; `what` of their entries.

Event = tuple[int, str, str]  # The sequence number of an entry, `what` and the row.


class TakenRows:
    """The taken rows of one batch; any thread may call the methods.

    `read` returns the events after a sequence number, in order. `known` has the keys of the rows
    in the file: rows that left the file do not count.
    """

    def __init__(self, read: Callable[[int], Iterable[Event]], known: Container[str]) -> None:
        self._read = read
        self._known = known
        self._seq = 0
        self._rows: dict[str, bool] = {}  # Whether the board of the row is done.
        self._done = 0
        self._lock = threading.Lock()
        self.freed = 0  # How many times a row became free.

    def __contains__(self, row: str) -> bool:
        return row in self._rows

    @property
    def done(self) -> int:
        """The number of finished boards."""
        return self._done

    @property
    def begun(self) -> int:
        """The number of boards that are begun and not done."""
        return len(self._rows) - self._done

    def update(self) -> None:
        """Read the events since the last update. Raises LedgerError."""
        with self._lock:
            for seq, what, row in self._read(self._seq):
                self._seq = seq
                if row in self._known:
                    self._apply(what, row)

    def _apply(self, what: str, row: str) -> None:
        if what in _FREED:
            self._done -= self._rows.pop(row, False)
            self.freed += 1
        elif what in _TAKEN:
            is_done = what == "done"
            self._done += is_done - self._rows.get(row, False)
            self._rows[row] = is_done
