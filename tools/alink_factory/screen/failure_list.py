"""The list of failures: those that need an action first, whole sentences where they fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from alink_factory import language
from alink_factory.screen.state import Failure
from alink_factory.screen.tile_text import cut, end

RED = "bold #ffffff on #a00018"
YELLOW = "bold #000000 on #d7af00"
_OVER = "dim"


@dataclass(frozen=True)
class _Shown:
    # One failure, or the same failure of several ports.
    failure: Failure
    numbers: str

    def sentence(self, width: int, *, is_whole: bool) -> Table:
        one = self.failure
        advice = language.text("The line tries it again." if one.is_tried else one.advice)
        detail = language.text(one.detail)
        detail = f"{detail[:1].upper()}{detail[1:]}{language.text('.')}"
        name = f"{one.name}  " if one.name else ""
        mark = Text(f" {self.numbers} ", YELLOW if one.is_tried else RED)
        if not one.is_open:
            mark, name = Text(f" {self.numbers} ", _OVER), f"{one.at}  {name}"
        if not is_whole:
            # On one line the advice is cut last.
            left = width - mark.cell_len - 2 - cell_len(advice)
            name = f"{end(one.name, 8)}  " if one.name and left > 40 else ""
            detail = cut(detail, max(12, left - cell_len(name)))
        style = "" if one.is_open else _OVER
        bold = "" if one.is_tried or not one.is_open else "bold"
        text = Text.assemble((name, bold), f"{detail} ", (advice, bold), style=style)
        text.no_wrap, text.overflow = not is_whole, "ellipsis" if not is_whole else None
        hanging = Table.grid(padding=(0, 1))
        hanging.add_column(no_wrap=True)
        hanging.add_column(overflow="fold")  # A Chinese sentence is one word to Rich.
        hanging.add_row(mark, text)
        return hanging


def failure_list(failures: Sequence[Failure], *, width: int, is_whole: bool) -> Group:
    """Return the list, a text line a failure, or whole sentences if `is_whole`."""
    return Group(*(one.sentence(width, is_whole=is_whole) for one in _grouped(failures)))


def lines_of(failures: Sequence[Failure]) -> int:
    """Return the number of lines of the list with one line a failure."""
    return len(_grouped(failures))


def _grouped(failures: Sequence[Failure]) -> list[_Shown]:
    # Ports with the same open failure share a sentence: eight do not fit a small screen.
    found: dict[object, list[Failure]] = {}
    for one in failures:
        same = (one.detail, one.advice, one.is_tried) if one.is_open else one
        found.setdefault(same, []).append(one)
    return [
        _Shown(
            ones[0] if len(ones) == 1 else replace(ones[0], name=""),
            ", ".join(map(str, sorted({one.number for one in ones}))),
        )
        for ones in found.values()
    ]
