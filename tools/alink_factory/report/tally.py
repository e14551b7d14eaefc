"""A tally of a batch: yield, failures by kind, boards an hour. It reads each entry once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from alink_factory.ledger import Entry

RELEVANT = ("claimed", "done", "failed", "refused", "scrapped")  # `what` of the entries it needs.

# A chip's name stays: it tells one kind of failure from another.
_VALUES = re.compile(
    r"(\besp32\w*)|0x[0-9a-f]+|\b[0-9a-f]{12}\b|-?\d+(?:\.\d+)?|'[^']*'|\"[^\"]*\"|/\S+"
)
_TEST = re.compile(r"tested: [\w.-]+(?= is |: | printed )")
_LONGEST = 90  # Characters of the name of a failure.


@dataclass
class Station:
    """The boards of one station; `last` is the time of its newest entry, seconds since 1970."""

    done: int = 0
    failed: int = 0
    operator: str = ""
    last: float = 0.0


@dataclass
class Tally:
    """The tally so far; `seq` is the number of the newest entry in it.

    `failures` counts failed attempts by kind, `hours` finished boards by hour since 1970.
    `seconds` and `timed` are the sum and number of the times from a board's claim to its end.
    """

    seq: int = 0
    done: int = 0
    scrapped: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    stations: dict[str, Station] = field(default_factory=dict)
    seconds: float = 0.0
    timed: int = 0
    _tried: set[str] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)
    _begun: dict[str, float] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry]) -> None:
        """Count entries that are newer than all before them."""
        for entry in entries:
            self.seq = entry.seq
            self._add(entry)

    @property
    def tried(self) -> int:
        """The number of boards with an outcome."""
        return len(self._tried)

    @property
    def first_pass(self) -> int:
        """The number of boards that never failed."""
        return len(self._tried - self._failed)

    @property
    def seconds_a_board(self) -> float:
        """The mean time from the claim of a row to the finished board, 0 without one."""
        return self.seconds / self.timed if self.timed else 0.0

    def pareto(self, most: int = 10) -> list[tuple[str, int]]:
        """Return the most frequent kinds of failure with their counts, most frequent first."""
        return self.failures.most_common(most)

    def _add(self, entry: Entry) -> None:
        station = self.stations.setdefault(entry.station, Station())
        station.last, station.operator = entry.at, entry.operator
        if entry.what == "claimed":
            self._begun[entry.mac] = entry.at
            return
        if entry.what == "scrapped":
            self.scrapped += 1
            return
        self._tried.add(entry.mac)
        if entry.what == "done":
            self._finish(entry, station)
        else:
            station.failed += 1
            self._failed.add(entry.mac)
            self.failures[kind_of(entry.detail)] += 1

    def _finish(self, entry: Entry, station: Station) -> None:
        station.done += 1
        self.hours[int(entry.at // 3600)] += 1
        begun = self._begun.pop(entry.mac, None)
        if begun is not None:
            self.seconds += entry.at - begun
            self.timed += 1
        if entry.mac not in self._done:
            self._done.add(entry.mac)
            self.done += 1


def shown_kind(kind: str, translate: Callable[[str], str]) -> str:
    """Return the name of a kind for a person: a step, and a sentence or the name of a test."""
    step, colon, rest = kind.partition(": ")
    return f"{translate(step)}: {translate(rest)}" if colon else translate(kind)


def kind_of(detail: str) -> str:
    """Return the kind of a failure: its step and sentence without values, or its test."""
    if test := _TEST.match(detail):
        return test[0]
    return _VALUES.sub(lambda found: found[1] or "…", detail)[:_LONGEST]
