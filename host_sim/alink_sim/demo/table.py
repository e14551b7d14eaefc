"""The live table: one row a board, one column a step; the endings below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from alink_sim.demo.steps import STEPS, Progress

_TITLE = 25  # Columns of the terminal for a board's number and title.
_CELL = 5  # Columns of the terminal for a time.
_WIDE = 112  # From this width on, the name of a step fits in one text line.
_ARROW = " → "
# Two text lines as narrow as a time, so that the table fits in 80 columns.
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
    """The current state of all boards, drawn as wide as the terminal."""

    def __init__(self, lines: Sequence[Progress]) -> None:
        self._lines = lines
        self._spinner = Spinner("dots")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the header, one row a board, and the endings."""
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
        # The board went no further: print the reason in the free columns.
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
            cell = Text("-", style="dim")  # This board skips the step.
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
    # Number, source (layout or platform), message.
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
