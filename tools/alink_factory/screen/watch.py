"""All stations of a batch, live in the terminal: counts, yield, failures, boards an hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from alink_factory import language
from alink_factory.ledger import Ledger
from alink_factory.report import tally
from alink_factory.report.tally import Station, Tally
from alink_factory.screen.tile_text import end

INTERVAL = 2.0  # Seconds between two looks at the ledger.
_HOUR = 3600
_BAR = 24  # Columns of the longest bar.
_IDLE = 600  # Seconds without an entry after which a station counts as idle.


@dataclass
class Watch:
    """A batch on the screen; `rows` is the number of its boards, 0 if unknown."""

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

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._head()
        yield self._stations()
        yield from self._failures(options.max_width, console.height - 9 - len(self.tally.stations))

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

    def age(self, station: Station) -> str:
        """Return how old a station's newest entry is, in the operator's language."""
        idle = self.now() - station.last
        return language.text(f"{idle / 60:.0f} min ago" if idle >= 60 else f"{idle:.0f} s ago")

    def _head(self) -> Iterator[RenderableType]:
        counted = self.tally
        yield Text(
            f"{self.batch}  {time.strftime('%H:%M:%S', time.localtime(self.now()))}", "bold"
        )
        of = f"{counted.done} of {self.rows} done" if self.rows else f"{counted.done} done"
        parts = [of, f"{self._last_hour()} in the last hour"]
        if counted.tried:
            share = 100 * counted.first_pass / counted.tried
            parts.append(f"first-pass yield {share:.1f} %")
        if counted.timed:
            parts.append(f"{counted.seconds_a_board:.0f} s a board")
        yield Text(" · ".join(map(language.text, parts)))
        yield Text()

    def _last_hour(self) -> int:
        # The running hour and its share of the one before, as the tally counts whole hours.
        now = self.now()
        passed = now % _HOUR / _HOUR
        hours = self.tally.hours
        this = int(now // _HOUR)
        return round(hours[this] + (1 - passed) * hours[this - 1])

    def _stations(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        titles = ("Station", "Operator", "done", "failed", "Last entry")
        table.add_row(*(Text(language.text(title), "dim") for title in titles))
        for name, one in sorted(self.tally.stations.items()):
            style = "bold yellow3" if self.now() - one.last > _IDLE else ""
            table.add_row(
                end(name, 24),
                end(one.operator, 20),
                Text(str(one.done), "bold green"),
                Text(str(one.failed), "bold red3" if one.failed else ""),
                Text(self.age(one), style),
            )
        return table

    def _failures(self, width: int, room: int) -> Iterator[RenderableType]:
        kinds = self.tally.pareto(max(1, min(10, room)))
        if not kinds or room < 1:
            return
        yield Text()
        yield Text(language.text("Failures by kind"), "dim")
        most = kinds[0][1]
        for kind, count in kinds:
            said = tally.shown_kind(kind, language.text)
            bar = "█" * max(1, _BAR * count // most)
            line = Text.assemble((f"{count:5} ", "bold"), (f"{bar:{_BAR}} ", "red3"), said)
            line.no_wrap, line.overflow = True, "ellipsis"
            line.truncate(width, overflow="ellipsis")
            yield line


def run(watch: Watch, console: Console, *, stop: threading.Event) -> None:
    """Show the batch until `stop`. Raises LedgerError."""
    watch.look()
    with Live(watch, console=console, refresh_per_second=1, screen=console.is_terminal):
        while not stop.wait(INTERVAL):
            watch.look()
