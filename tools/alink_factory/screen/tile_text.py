"""The text of a tile: a big OK or NG, or the progress of the board, then its name."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from alink_factory import language
from alink_factory.board import ports
from alink_factory.screen.state import Tile

_SMALL, _WIDE = 3, 12  # Lines and columns of the big letters.
_TITLES = {
    "identify": "reading the chip",
    "claimed": "taking a row",
    "registered": "registering",
    "imaged": "building",
    "writing": "writing",
    "written": "reading back",
    "verified": "reading back",
    "booted": "first boot",
    "tested": "testing",
    "done": "done",
}
_TODO = {
    "free": "plug in a board",
    "aside": "plug in a board",
    "done": "take it out",
    "already": "take it out",
    "failed": "see below",
    "again": "leave it in",
}
_WORDS = {
    "free": "empty",
    "aside": "empty",
    "done": "OK",
    "already": "OK (again)",
    "failed": "FAILED",
    "again": "once more",
}
_BIG = {"done": "OK", "already": "OK", "failed": "NG"}
# Letters of 5 by 6 points; a character shows two points, one above the other.
_LETTERS = {
    "O": (" ### ", "#   #", "#   #", "#   #", "#   #", " ### "),
    "K": ("#  # ", "# #  ", "##   ", "# #  ", "#  # ", "#   #"),
    "N": ("#   #", "##  #", "# # #", "#  ##", "#   #", "#   #"),
    "G": (" ### ", "#    ", "#  ##", "#   #", "#   #", " ### "),
}
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def tile_text(number: int, tile: Tile, *, width: int, height: int) -> Text:
    """Return the text of a tile with `height` lines of `width` columns."""
    word = language.text(_WORDS.get(tile.state, f"{tile.percent} %"))
    title = f" {number}  "
    room = max(1, height - 3)  # Without title, name and foot.
    letters = _BIG.get(tile.state, "") if room >= _SMALL else ""
    big = big_letters(letters, 2 if room >= 2 * _SMALL and width >= 2 * _WIDE else 1)
    # Names of a batch and of ports differ at their end.
    free = width - cell_len(title) - (cell_len(word) + 2 if letters else 0)
    title += end(ports.short(tile.port), max(1, free))
    name = "" if tile.is_empty else f" {end(tile.label or tile.mac, width - 2)}"
    foot = f" {_foot(tile)}"
    if letters:
        body = [centered(line, width) for line in big]
        title = beside(title, f"{word} ", width)
    else:
        body = [centered(word, width)]
        body += [bar(tile.percent, width)] if tile.state == "working" and room > 1 else []
    above = (room - len(body)) // 2
    lines = [title, *[""] * above, *body, *[""] * (room - above - len(body)), name, foot]
    return Text("\n".join(cut(line, width) for line in lines[:height]), no_wrap=True)


def big_letters(word: str, scale: int) -> list[str]:
    """Return a word of O, K, N and G in big letters, line by line; `scale` is 1 or 2."""
    rows = ["".join(f"{_LETTERS[one][row]} " for one in word)[:-1] for row in range(6)]
    points = ["".join(point * scale for point in row) for row in rows for _ in range(scale)]
    return [
        "".join(_HALVES[up == "#", down == "#"] for up, down in zip(*pair, strict=True))
        for pair in zip(points[::2], points[1::2], strict=True)
    ]


def bar(percent: int, width: int) -> str:
    """Return a bar of `width` columns."""
    filled = max(0, min(width, width * percent // 100))
    return "█" * filled + "░" * (width - filled)


def centered(word: str, width: int) -> str:
    """Return a word in the middle of a line; a wide character has two columns."""
    return " " * (max(0, width - cell_len(word)) // 2) + word


def beside(left: str, right: str, width: int) -> str:
    """Return a line with a text at each end; the left one is cut if they do not fit."""
    left = cut(left, max(0, width - cell_len(right) - 1))
    return left + " " * (width - cell_len(left) - cell_len(right)) + right


def cut(text: str, width: int) -> str:
    """Return the start of a text that has more columns than `width`."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def end(text: str, width: int) -> str:
    """Return the end of a text that has more columns than `width`."""
    if cell_len(text) <= width:
        return text
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"


def _foot(tile: Tile) -> str:
    seconds = f"  {tile.seconds:.0f} s" if tile.state in ("working", "done") else ""
    if tile.state != "working":
        return language.text(_TODO.get(tile.state, "")) + seconds
    return step_of(tile) + seconds


def step_of(tile: Tile) -> str:
    """Return the step of a board at work, in the operator's language."""
    step = language.text(_TITLES.get(tile.step, tile.step))
    return f"{step} {tile.detail}" if tile.step == "tested" else step
