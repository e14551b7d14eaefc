"""The sentences of red ports on the live screen: all of them, however small the terminal is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from alink_factory import language

RED = "bold grey100 on red3"
YELLOW = "bold grey0 on yellow3"


class Tile(Protocol):
    """A port on the screen, as far as failures need it."""

    state: str
    device_name: str
    mac: str
    detail: str
    advice: str


@dataclass(frozen=True)
class _Failure:
    # One failure of one or more ports.
    numbers: str
    name: str  # Of the board, if it is a single one.
    detail: str
    advice: str
    is_tried: bool

    def sentence(self, longest: int = 0) -> RenderableType:
        """Return the numbers of the ports and the sentence.

        `longest` is the width of its only line, 0 for as many lines as it takes. On one line the
        advice is cut last.
        """
        advice = language.text("The line tries it again." if self.is_tried else self.advice)
        detail = language.text(self.detail)
        detail = f"{detail[:1].upper()}{detail[1:]}{language.text('.')}"
        name = f"{self.name}  " if self.name else ""
        mark = Text(f" {self.numbers} ", YELLOW if self.is_tried else RED)
        if longest:
            left = longest - mark.cell_len - 2 - cell_len(advice)
            name = end(self.name, 8) + "  " if name and left > 40 else ""
            detail = _begin(detail, max(12, left - cell_len(name)))
        text = Text.assemble(
            (name, "bold"), f"{detail} ", (advice, "" if self.is_tried else "bold")
        )
        text.no_wrap, text.overflow = bool(longest), "ellipsis" if longest else None
        hanging = Table.grid(padding=(0, 1))
        hanging.add_column(no_wrap=True)
        hanging.add_row(mark, text)
        return hanging


def sentences(
    tiles: Sequence[Tile], console: Console, options: ConsoleOptions, room: int
) -> Iterator[RenderableType]:
    """Yield a sentence for each failure; one line each if `room`, in lines, is too small."""
    found = _failures(tiles)
    whole = [failure.sentence() for failure in found]
    if sum(lines(console, options, sentence) for sentence in whole) <= room:
        yield from whole
        return
    fits = len(found) if len(found) <= room else max(0, room - 1)
    yield from (failure.sentence(options.max_width) for failure in found[:fits])
    if left := found[fits:]:
        others = language.text(f"and ports {', '.join(one.numbers for one in left)}")
        yield Text(f"    {others}", no_wrap=True)


def _failures(tiles: Sequence[Tile]) -> list[_Failure]:
    # One failure for all ports that have the same one: eight do not fit a small screen.
    found: dict[tuple[bool, str, str], list[int]] = {}
    for number, tile in enumerate(tiles, 1):
        if tile.state in ("failed", "again", "aside"):
            same = (tile.state == "again", tile.detail, tile.advice)
            found.setdefault(same, []).append(number)
    failures = []
    for (is_tried, detail, advice), numbers in found.items():
        first = tiles[numbers[0] - 1]
        name = first.device_name or first.mac if len(numbers) == 1 else ""
        failures.append(_Failure(", ".join(map(str, numbers)), name, detail, advice, is_tried))
    return failures


def lines(console: Console, options: ConsoleOptions, part: RenderableType) -> int:
    """Return the number of lines that a part takes on the terminal."""
    return len(console.render_lines(part, options, pad=False))


def end(text: str, width: int) -> str:
    """Return the end of a text that has more columns than `width`."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def _begin(text: str, width: int) -> str:
    # The begin of a text that has more columns than `width`.
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[:-1]
    return f"{text}…"
