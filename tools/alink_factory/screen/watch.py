"""The figures of a batch on all its stations, from the ledger alone.

Terminal, browser and JSON show these; none of them calculates its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from alink_factory import language
from alink_factory.ledger import Ledger
from alink_factory.report import tally
from alink_factory.report.tally import Station, Tally

INTERVAL = 2.0  # Seconds between two looks at the ledger.
_HOUR = 3600
_HOURS = 12  # Hours of the plot.
_IDLE = 600  # Seconds without an entry after which a station counts as idle.


@dataclass(frozen=True)
class Kind:
    """A kind of failure: its `name` for a person, and its number of attempts.

    `share` is the part of this and all more frequent kinds in all failures, in percent;
    `part` is the number relative to that of the most frequent kind, 0 to 1.
    """

    name: str
    count: int
    share: int
    part: float


@dataclass(frozen=True)
class Hour:
    """Boards finished in an hour of the clock; `part` is relative to the best hour, 0 to 1."""

    name: str
    count: int
    part: float


@dataclass
class Watch:
    """A batch that is watched; `rows` is the number of its boards, 0 if unknown."""

    ledger: Ledger
    batch: str
    rows: int
    now: Callable[[], float] = time.time

    def __post_init__(self) -> None:
        """Begin with an empty tally; a reader of another thread holds the lock."""
        self.tally = Tally()
        self.lock = threading.Lock()

    def look(self) -> None:
        """Read the entries since the last look. Raises LedgerError."""
        with self.lock, self.ledger.history(self.batch) as history:
            self.tally.add(history.of_kinds(tally.RELEVANT, after=self.tally.seq))

    def facts(self) -> dict[str, object]:
        """Return the figures for a program."""
        counted = self.tally
        return {
            "batch": self.batch,
            "rows": self.rows,
            "done": counted.done,
            "tried": counted.tried,
            "first_pass": counted.first_pass,
            "an_hour": self._last_hour(),
            "seconds_a_board": round(counted.seconds_a_board, 1),
            "failures": dict(counted.pareto()),
            "stations": {
                name: {"done": one.done, "failed": one.failed, "operator": one.operator}
                for name, one in counted.stations.items()
            },
        }

    def figures(self) -> list[tuple[str, str]]:
        """Return the figures for a person: names in the operator's language, and values."""
        facts, counted = self.facts(), self.tally
        of = f" / {self.rows}" if self.rows else ""
        share = f"{100 * counted.first_pass / counted.tried:.1f} %" if counted.tried else "-"
        seconds = str(facts["seconds_a_board"]) if counted.timed else "-"
        return [
            (language.text("boards done"), f"{facts['done']}{of}"),
            (language.text("first-pass yield"), share),
            (language.text("boards an hour"), str(facts["an_hour"])),
            (language.text("seconds a board"), seconds),
        ]

    @property
    def percent(self) -> int:
        """The share of boards that are done, 0 if their number is unknown."""
        return min(100, 100 * self.tally.done // self.rows) if self.rows else 0

    def stations(self) -> list[tuple[str, Station]]:
        """Return the stations with their names, in the order of these."""
        return sorted(self.tally.stations.items())

    def age(self, station: Station) -> str:
        """Return how old a station's newest entry is, in the operator's language."""
        idle = self.now() - station.last
        return language.text(f"{idle / 60:.0f} min ago" if idle >= 60 else f"{idle:.0f} s ago")

    def is_idle(self, station: Station) -> bool:
        """Return whether a station wrote no entry for ten minutes."""
        return self.now() - station.last > _IDLE

    def failures(self, most: int = 10) -> list[Kind]:
        """Return the most frequent kinds of failure, most frequent first."""
        kinds = self.tally.pareto(most)
        total = sum(self.tally.failures.values())
        sums = accumulate(count for _, count in kinds)
        return [
            Kind(
                tally.shown_kind(kind, language.text),
                count,
                round(100 * so_far / total),
                count / kinds[0][1],
            )
            for (kind, count), so_far in zip(kinds, sums, strict=True)
        ]

    def hours(self, number: int = _HOURS) -> list[Hour]:
        """Return the last hours of the clock, the running one last."""
        last = int(self.now() // _HOUR)
        counts = {hour: self.tally.hours[hour] for hour in range(last - number + 1, last + 1)}
        best = max(counts.values()) or 1
        return [
            Hour(time.strftime("%H", time.localtime(hour * _HOUR)), count, count / best)
            for hour, count in counts.items()
        ]

    def _last_hour(self) -> int:
        # The running hour and its share of the one before, as the tally counts whole hours.
        now = self.now()
        passed = now % _HOUR / _HOUR
        hours = self.tally.hours
        this = int(now // _HOUR)
        return round(hours[this] + (1 - passed) * hours[this - 1])
