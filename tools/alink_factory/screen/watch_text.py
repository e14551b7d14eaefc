"""The parts of `watch` in a terminal: figures, stations, failures, boards an hour."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from alink_factory import language
from alink_factory.screen.failure_list import YELLOW
from alink_factory.screen.tile_text import beside, centered, cut, end
from alink_factory.screen.watch import Hour, Kind, Watch

_BAR = 16  # Columns of the longest bar.
_COLUMN = 6  # Columns of an hour.
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_OTHER_COLUMNS = 46  # Columns of a table of stations beside the names of these.


def once(watch: Watch, width: int) -> Group:
    """Return all parts, one below the other, for a terminal that does not move."""
    figures = " · ".join(f"{name} {value}" for name, value in watch.figures())
    parts: list[RenderableType] = [Text(head(watch, width), "bold"), Text(figures), Text()]
    parts.append(stations(watch, width))
    if kinds := watch.failures():
        parts += [Text(), Text(title_of_failures()), failures(kinds, width)]
    return Group(*parts)


def head(watch: Watch, width: int) -> str:
    """Return the batch and the time."""
    return beside(watch.batch, time.strftime("%H:%M:%S", time.localtime(watch.now())), width)


def title_of_failures() -> str:
    """Return the title above the failures."""
    return language.text("Failures by kind")


def figure(name: str, value: str, width: int) -> Text:
    """Return a figure: its value above its name, both in the middle."""
    lines = centered(cut(value, width), width), centered(cut(name, width), width)
    return Text.assemble((lines[0], "bold"), "\n", lines[1], no_wrap=True)


def stations(watch: Watch, width: int) -> Table:
    """Return the table of stations; those without an entry for ten minutes are marked."""
    table = Table.grid(padding=(0, 2))
    titles = ("Station", "Operator", "done", "failed", "Last entry")
    for title in titles:
        table.add_column(justify="right" if title in ("done", "failed") else "left", no_wrap=True)
    table.add_row(*(Text(language.text(title)) for title in titles))
    for name, one in watch.stations():
        age = watch.age(one)
        table.add_row(
            Text(end(name, max(8, width - _OTHER_COLUMNS)), "bold"),
            cut(one.operator, 16),
            str(one.done),
            Text(str(one.failed), "bold" if one.failed else ""),
            Text(f" {age} ", YELLOW) if watch.is_idle(one) else Text(f" {age}"),
        )
    return table


def failures(kinds: Sequence[Kind], width: int) -> Text:
    """Return a text line for each kind: count, share up to here, bar, name."""
    return Text("\n").join(_failure(kind, width) for kind in kinds)


def _failure(kind: Kind, width: int) -> Text:
    bar = "█" * max(1, round(_BAR * kind.part))
    before = f"{kind.count:5} {kind.share:3} % {bar:{_BAR}} "
    name = cut(kind.name, max(1, width - cell_len(before)))
    return Text.assemble((before, "bold"), name, no_wrap=True)


def hours(listed: Sequence[Hour], width: int, height: int) -> Text:
    """Return boards an hour as columns, `height` lines high; counts above, hours below.

    The earliest hours are left out where the terminal is narrow.
    """
    shown = listed[-max(1, width // _COLUMN) :]
    lines = [
        [str(one.count or "") for one in shown],
        *([_level(one, line, height) for one in shown] for line in reversed(range(height))),
        [one.name for one in shown],
    ]
    return Text("\n".join(_row(line) for line in lines), no_wrap=True)


def _level(hour: Hour, line: int, height: int) -> str:
    # A character is eight levels high; an hour with a board has at least one.
    levels = max(round(8 * height * hour.part), 1 if hour.count else 0)
    return _EIGHTHS[max(0, min(8, levels - 8 * line))] * (_COLUMN - 2)


def _row(cells: Sequence[str]) -> str:
    def padded() -> Iterator[str]:
        for cell in cells:
            yield f"{cell:^{_COLUMN}}"

    return "".join(padded()).rstrip()
