"""The live table: one line a board, one column a step, the time at which it was done."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from alink_sim.demo.steps import STEPS, Progress

# No wider than a time, so that all of it fits a terminal of 80 columns.
_TITLES = {
    "burned": "burn-\ned",
    "booted": "boot-\ned",
    "registered": "regis\ntered",
    "stored": "stor-\ned",
    "logged in": "log'd\nin",
    "posted": "prop.\npost",
    "rebooted": "re-\nboot",
    "again": "again\nin",
}


def render(lines: Sequence[Progress]) -> RenderableType:
    """Return the table of all boards, and how each ended below it."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column("board", no_wrap=True)
    for step in STEPS:
        table.add_column(_TITLES.get(step, step), justify="right", no_wrap=True, min_width=5)
    table.add_column("", no_wrap=True, min_width=1)
    for line in lines:
        table.add_row(
            f"{line.number:<2} {line.title}",
            *(_time(line, step) for step in STEPS),
            _verdict(line),
        )
    endings = Table.grid(padding=(0, 1))
    endings.add_column(no_wrap=True)
    endings.add_column(overflow="fold")
    for line in lines:
        if line.ended:
            endings.add_row(
                f"{line.number:<2}", Text(f"{line.layout}: {line.ended}", style=_style(line))
            )
    return Group(table, Text(), endings)


def _time(line: Progress, step: str) -> Text:
    if step in line.steps:
        return Text(f"{line.steps[step]:.2f}", style="green")
    if line.as_expected is None:
        return Text("·", style="dim")
    return Text("-", style="dim")


def _verdict(line: Progress) -> Text:
    if line.as_expected is None:
        return Text("…", style="dim")
    return Text("✓" if line.as_expected else "✗", style=f"bold {_style(line)}")


def _style(line: Progress) -> str:
    return "green" if line.as_expected else "red"
