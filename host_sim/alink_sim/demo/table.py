"""The live table: one line a board, one column a step; below it what boards and platform said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from alink_sim.demo.steps import STEPS, Progress

_TITLE = 25  # Cells of a board's number and name.
_CELL = 5  # Cells of a time.
_WIDE = 112  # From here on a step's name stands in one line.
_ARROW = " → "
# Two lines no wider than a time, so that all of it fits a terminal of 80 columns.
_NARROW = {
    "burned": ("burn-", "ed"),
    "booted": ("boot-", "ed"),
    "clock": ("", "clock"),
    "registered": ("regis", "tered"),
    "stored": ("stor-", "ed"),
    "logged in": ("log'd", "in"),
    "posted": ("prop.", "post"),
    "rebooted": ("re-", "boot"),
    "again": ("again", "in"),
}


class BoardTable:
    """The boards of a run as they are whenever it is drawn, as wide as there is room."""

    def __init__(self, lines: Sequence[Progress]) -> None:
        self._lines = lines
        self._spinner = Spinner("dots")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the header, one line a board, and the endings."""
        wide = options.max_width >= _WIDE
        yield from _header(wide=wide)
        turning = self._spinner.render(console.get_time())
        for line in self._lines:
            yield _row(line, str(turning), wide=wide)
        if any(line.ended for line in self._lines):
            yield Text()
            yield _endings(self._lines)


def _widths(*, wide: bool) -> list[int]:
    return [max(_CELL, len(step)) if wide else _CELL for step in STEPS]


def _header(*, wide: bool) -> Iterator[Text]:
    if wide:
        names = _ARROW.join(
            f"{step:>{width}}" for step, width in zip(STEPS, _widths(wide=True), strict=True)
        )
        yield Text(f"{'board':<{_TITLE}}{names}", style="bold")
        return
    for half in (0, 1):
        names = " ".join(f"{_NARROW[step][half]:>{_CELL}}" for step in STEPS)
        yield Text(f"{('', 'board')[half]:<{_TITLE}}{names}", style="bold", no_wrap=True)


def _row(line: Progress, turning: str, *, wide: bool) -> Text:
    row = Text(f"{line.number:<2} {line.title:<{_TITLE - 3}}", no_wrap=True)
    gap = Text(" " * len(_ARROW) if wide else " ")
    cells = _cells(line, turning, wide=wide)
    if line.as_expected is not None and STEPS[-1] not in line.steps:
        # It went no further, so there is room to say why.
        done = gap.join(cells[: len(line.steps)])
        why = Text(f"  {line.reason or line.ended}", style="yellow")
        why.truncate(len(gap.join(cells)) - len(done), overflow="ellipsis", pad=True)
        return row.append_text(done).append_text(why).append(" ").append_text(_verdict(line))
    return row.append_text(gap.join(cells)).append(" ").append_text(_verdict(line))


def _cells(line: Progress, turning: str, *, wide: bool) -> list[Text]:
    reached = max((STEPS.index(step) for step in line.steps), default=-1)
    cells = []
    for at, (step, width) in enumerate(zip(STEPS, _widths(wide=wide), strict=True)):
        if step in line.steps:
            cell = Text(f"{line.steps[step]:.2f}", style="green")
        elif line.as_expected is not None or at < reached:
            cell = Text("-", style="dim")  # This board had no need of the step.
        elif at == reached + 1 and line.began:
            cell = Text(turning, style="cyan")
        else:
            cell = Text("·", style="dim")
        cell.align("right", width)
        cells.append(cell)
    return cells


def _verdict(line: Progress) -> Text:
    if line.as_expected is None:
        return Text(" ")
    return Text("✓", style="bold green") if line.as_expected else Text("✗", style="bold red")


def _endings(lines: Sequence[Progress]) -> Table:
    # Number, who speaks, what was said.
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for line in lines:
        if line.ended:
            style = "" if line.as_expected else "red"
            grid.add_row(line.number, line.layout, Text(line.ended, style=style))
        if line.reason:
            grid.add_row("", "platform", Text(line.reason, style="yellow"))
    return grid
