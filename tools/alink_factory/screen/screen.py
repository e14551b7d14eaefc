"""The live screen of a line: a tile for each port, and what to do now.

A tile is green or red, so an operator sees it from a distance. Each color sets the background and
the text, so it looks the same on light and dark terminals.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from alink_factory import language
from alink_factory.board import ports
from alink_factory.job.progress import Outcome, Progress
from alink_factory.job.serials import Serials
from alink_factory.line import Count
from alink_factory.screen import failures
from alink_factory.screen.failures import RED, YELLOW

_GREEN = "bold grey100 on dark_green"
_BLUE = "bold grey100 on blue3"
_GREY = "grey100 on grey42"
_TILE = 19  # The smallest width of a tile: eight of them fit 80 x 24.
_MESSAGE = 6.0  # Seconds that a message replaces the instruction.
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
# The percentage at which each step begins and ends: the bar never moves back.
_BEGINS = {
    "identify": 0,
    "claimed": 10,
    "registered": 11,
    "imaged": 11,
    "writing": 12,
    "written": 85,
}
_ENDS = {
    "identify": 10,
    "claimed": 11,
    "registered": 11,
    "imaged": 12,
    "writing": 85,
    "written": 88,
}


@dataclass(frozen=True)
class Scans:
    """The scanned serial numbers to show. `is_needed`: each board needs a scan."""

    serials: Serials
    is_needed: bool


@dataclass
class _Tile:
    port: str
    state: str = "free"  # free, working, done, already, failed, again
    device_name: str = ""
    serial: str = ""
    mac: str = ""
    step: str = ""
    percent: int = 0
    detail: str = ""
    advice: str = ""
    since: float = 0.0
    until: float = 0.0

    @property
    def label(self) -> str:
        """The scanned number before the DeviceName, as on the label of the board."""
        parts = [self.serial] if self.serial not in ("", self.device_name) else []
        return " · ".join(filter(None, [*parts, self.device_name]))


class Screen:
    """Shows a line on a terminal; implements line.Display.

    Ports in `named` have a tile from the start, other ports from their first board on.
    """

    def __init__(
        self,
        console: Console,
        *,
        title: str,
        who: str,
        named: Sequence[str] = (),
        now: Callable[[], float] = time.monotonic,
        beeps: bool = True,
        scans: Scans | None = None,
    ) -> None:
        self._console = console
        self._title = title
        self._who = who
        self._now = now
        self._beeps = beeps
        self._scans = scans
        self._lock = threading.Lock()
        self._tiles = {port: _Tile(port) for port in named}
        self._count = Count(0, 0, 0)
        self._first = (now(), -1)  # Time and boards done at the first count: for the rate.
        self._closing = ""
        self._message = ("", 0.0)  # The last message, and its time.
        self._live = Live(self, console=console, refresh_per_second=8, screen=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    @property
    def ports(self) -> list[str]:
        """The ports in the order of their tiles; tile 1 is the first."""
        return list(self._tiles)

    def progress(self, progress: Progress) -> None:
        """Show the progress of a board."""
        with self._lock:
            tile = self._tile(progress.port)
            if tile.state != "working":
                again = tile.state == "again"
                self._tiles[progress.port] = tile = _Tile(
                    progress.port, "working", since=self._now()
                )
                tile.detail = "another attempt" if again else ""
            low, high = _BEGINS.get(progress.name, 88), _ENDS.get(progress.name, 99)
            tile.step = progress.name
            tile.percent = max(tile.percent, int(low + (high - low) * progress.share))
            tile.device_name = progress.device_name or tile.device_name
            tile.mac = progress.mac or tile.mac
            tile.serial = progress.serial or tile.serial
            if progress.name == "tested":
                tile.detail = progress.detail

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        """Show the outcome of a board, and beep."""
        with self._lock:
            tile = self._tile(outcome.port)
            tile.state = outcome.result if is_last else "again"
            tile.device_name = outcome.device_name or tile.device_name
            tile.mac = outcome.mac or tile.mac
            tile.detail, tile.advice = outcome.detail, outcome.advice
            tile.until = self._now()
            if outcome.result != "failed":
                self._forget_failures(outcome)
        if self._beeps and is_last:
            self._console.bell()

    def _forget_failures(self, good: Outcome) -> None:
        # The board was red on another port before: that sentence is over.
        for port, tile in self._tiles.items():
            is_same = tile.mac == good.mac != "" and port != good.port
            if is_same and tile.state in ("failed", "aside"):
                self._tiles[port] = _Tile(port)

    def gone(self, port: str) -> None:
        """Show that the port is free for the next board."""
        with self._lock:
            if self._tile(port).state != "failed":
                self._tiles[port] = _Tile(port)
            else:
                # The instruction stays: the operator holds the red board in the hand now.
                self._tiles[port].state = "aside"

    def count(self, count: Count) -> None:
        """Show the progress of the batch."""
        with self._lock:
            if self._first[1] < 0:
                self._first = (self._now(), count.done)
            self._count = count

    def closing(self, ports: list[str], *, abandons: bool) -> None:
        """Show that the line starts no new boards."""
        with self._lock:
            if abandons:
                self._closing = (
                    "Stopping now. Boards at work are abandoned; plug them in again later."
                )
            elif ports:
                self._closing = (
                    f"Finishing {len(ports)} at work, then the line stops. "
                    "Ctrl-C again abandons them."
                )
            else:
                self._closing = "The line stops."

    def say(self, message: str) -> None:
        """Show a message for a few seconds."""
        with self._lock:
            self._message = (message, self._now())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            tiles = list(self._tiles.values())
            page = list(self._render(tiles, options.max_width))
        used = sum(failures.lines(console, options, part) for part in page)
        yield from page
        yield from failures.sentences(tiles, console, options, console.height - used)

    def _tile(self, port: str) -> _Tile:
        return self._tiles.setdefault(port, _Tile(port))

    def _render(self, tiles: Sequence[_Tile], width: int) -> Iterator[RenderableType]:
        yield self._head(width)
        # The instruction comes first: a small terminal cuts off the end.
        message, at = self._message
        said = self._closing or (message if self._now() - at < _MESSAGE else "")
        said = language.text(said) if said else ""
        yield Text(
            f"→ {said or _instruction(tiles, self._scans, needed=self._needed(tiles))}",
            style="bold",
        )
        if waiting := self._scans.serials.waiting if self._scans else ():
            queue = language.text(f"Scans waiting: {', '.join(waiting)}")
            yield Text(f"  {queue}", overflow="ellipsis", no_wrap=True)
        yield Text()
        if tiles:
            yield self._wall(tiles, width)

    def _needed(self, tiles: Sequence[_Tile]) -> int:
        # How many more boards the batch needs; a single board is not counted.
        if not self._count.rows:
            return max(1, len(tiles))
        working = sum(tile.state in ("working", "again") for tile in tiles)
        return self._count.rows - self._count.done - working

    def _head(self, width: int) -> RenderableType:
        count = self._count
        left = Text.assemble((self._title, "bold"), f"  {self._who}")
        working = sum(tile.state == "working" for tile in self._tiles.values())
        red = sum(tile.state in ("failed", "aside") for tile in self._tiles.values())
        parts = [f"{count.done} of {count.rows} done", f"{working} at work"]
        parts += [f"{red} red"] if red else []
        parts += [self._rate()] if self._rate() else []
        head = Table.grid(expand=True)
        head.add_column(overflow="ellipsis", no_wrap=True)
        head.add_row(left)
        if count.rows:  # With a single board the count is not shown.
            head.add_row(Text(" · ".join(map(language.text, parts))))
            head.add_row(_bar(100 * count.done // count.rows, min(width, 100)))
        return head

    def _rate(self) -> str:
        start, done = self._first
        made = self._count.done - done
        passed = self._now() - start
        if done < 0 or made < 3 or passed <= 0:
            return ""
        if self._count.is_complete:
            return f"{made * 3600 / passed:.0f} an hour"
        left = (self._count.rows - self._count.done) * passed / made
        hours, minutes = divmod(int(left // 60) + 1, 60)
        rest = f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
        return f"{made * 3600 / passed:.0f} an hour, about {rest} left"

    def _wall(self, tiles: Sequence[_Tile], width: int) -> RenderableType:
        most = max(1, width // _TILE)
        lines = -(-len(tiles) // most)
        columns = -(-len(tiles) // lines)
        wall = Table.grid(expand=True, padding=(0, 1, 0, 0))
        for _ in range(columns):
            wall.add_column(ratio=1, no_wrap=True)
        cells: list[RenderableType] = [
            self._cell(number, tile, width // columns - 1) for number, tile in enumerate(tiles, 1)
        ]
        cells += [""] * (-len(cells) % columns)
        for at in range(0, len(cells), columns):
            wall.add_row(*cells[at : at + columns])
        return wall

    def _cell(self, number: int, tile: _Tile, width: int) -> RenderableType:
        style, word = {
            "free": (_GREY, "empty"),
            "working": (_BLUE, f"{tile.percent} %"),
            "done": (_GREEN, "OK"),
            "already": (_GREEN, "OK (again)"),
            "failed": (RED, "FAILED"),
            "again": (YELLOW, "once more"),
            "aside": (_GREY, "empty"),
        }[tile.state]
        passed = (tile.until or self._now()) - tile.since if tile.since else 0.0
        foot = f"{passed:.0f} s" if tile.state in ("working", "done") else ""
        is_empty = tile.state in ("free", "aside")
        title = f" {number}  {ports.short(tile.port)}"
        lines: list[RenderableType] = [
            Text(title, style=style, overflow="ellipsis", no_wrap=True),
            Text(_centered(language.text(word), width), style=style),
            # Names of a batch differ at their end.
            Text(f" {failures.end(tile.label if not is_empty else '', width - 1)}", style=style),
            _bar(tile.percent, width)
            if tile.state == "working"
            else Text(f" {'' if is_empty else tile.mac}", style=style),
        ]
        below = _at_work(tile) if tile.state == "working" else language.text(_todo(tile))
        lines.append(Text(f" {below}  {foot}".rstrip(), no_wrap=True, overflow="ellipsis"))
        body = [Padding(line, (0, 0), style=style, expand=True) for line in lines[:3]]
        last = lines[3] if tile.state == "working" else Padding(lines[3], 0, style=style)
        return Group(*body, last, lines[4])


def _at_work(tile: _Tile) -> str:
    title = language.text(_TITLES.get(tile.step, tile.step))
    return f"{title} {tile.detail}" if tile.step == "tested" else title


def _todo(tile: _Tile) -> str:
    return {
        "free": "plug in a board",
        "aside": "plug in a board",
        "done": "take it out",
        "already": "take it out",
        "failed": "see below",
        "again": "leave it in",
    }.get(tile.state, "")


def _instruction(tiles: Sequence[_Tile], scans: Scans | None, *, needed: int) -> str:
    def numbers(*states: str) -> str:
        return ", ".join(str(n) for n, tile in enumerate(tiles, 1) if tile.state in states)

    parts = []
    if green := numbers("done", "already"):
        parts.append(f"Take out {green} (green).")
    if red := numbers("failed"):
        parts.append(f"Take out {red} (red) and follow the text below.")
    if not parts and numbers("working", "again"):
        parts.append("Leave the blue boards plugged in.")
    free = [str(n) for n, tile in enumerate(tiles, 1) if tile.state in ("free", "aside")]
    if needed <= 0:
        parts.append("The batch needs no more boards.")
    elif free or not tiles:
        parts.append(_next_board(", ".join(free[:needed]), scans))
    return language.joined(parts)


def _centered(word: str, width: int) -> str:
    # A wide character has two columns.
    left = max(0, width - cell_len(word)) // 2
    return " " * left + word


def _next_board(free: str, scans: Scans | None) -> str:
    where = f" into {free}" if free else ""
    if scans and (waiting := scans.serials.waiting):
        return f"Plug the board {waiting[0]}{where or ' in'}."
    if scans and scans.is_needed:
        return f"Scan a board, then plug it{where or ' in'}."
    return f"Plug a board{where}." if where else "Plug in a board."


def _bar(percent: int, width: int) -> Text:
    filled = max(0, min(width, width * percent // 100))
    return Text.assemble(("━" * filled, "bold green"), ("━" * (width - filled), "dim"))
