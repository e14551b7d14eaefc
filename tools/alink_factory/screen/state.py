"""The state of a line for its screen: a tile for each port, failures, counts, what to do next.

Boards report from their own threads, and the screen reads: each method takes the lock.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alink_factory import language
from alink_factory.job.progress import Outcome, Progress
from alink_factory.job.serials import Serials
from alink_factory.line import Count

_MESSAGE = 6.0  # Seconds that a message stays.
_KEPT = 500  # Failures of the list.
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


@dataclass(frozen=True)
class Tile:
    """A port: its board, and what happens to it.

    `state` is free, working, done, already, failed, again (the line tries it by itself) or aside
    (a red board was taken out). `seconds` is the time of the board so far.
    """

    port: str
    state: str = "free"
    device_name: str = ""
    serial: str = ""
    mac: str = ""
    step: str = ""
    percent: int = 0
    detail: str = ""
    since: float = 0.0
    seconds: float = 0.0

    @property
    def label(self) -> str:
        """The scanned number before the DeviceName, as on the label of the board."""
        parts = [self.serial] if self.serial not in ("", self.device_name) else []
        return " · ".join(filter(None, [*parts, self.device_name]))

    @property
    def is_empty(self) -> bool:
        """Whether a new board may be plugged in."""
        return self.state in ("free", "aside")


@dataclass(frozen=True)
class Failure:
    """A failure of the list. `is_open`: an operator, or the line itself, has still to act on it.

    `number` is that of the port, `at` the local time.
    """

    port: str
    number: int
    at: str
    mac: str
    name: str
    detail: str
    advice: str
    is_tried: bool
    is_open: bool = True


class ScreenState:
    """The state of a line; implements line.Display.

    Ports in `named` have a tile from the start, other ports from their first board on. `changed`
    counts the outcomes, for sounds: green ones and red ones.
    """

    def __init__(
        self,
        *,
        named: Sequence[str] = (),
        now: Callable[[], float] = time.monotonic,
        clock: Callable[[], str] = lambda: time.strftime("%H:%M:%S"),
        scans: Scans | None = None,
    ) -> None:
        self._now = now
        self._clock = clock
        self._scans = scans
        self._lock = threading.RLock()
        self._tiles = {port: Tile(port) for port in named}
        self._failures: deque[Failure] = deque(maxlen=_KEPT)
        self._count = Count(0, 0, 0)
        self._first = (now(), -1)  # Time and boards done at the first count: for the rate.
        self._closing = ""
        self._message = ("", 0.0)  # The last message, and its time.
        self._tried: set[str] = set()  # MACs or ports with an outcome.
        self._failed: set[str] = set()
        self.green = self.red = 0  # Final outcomes so far.

    @property
    def ports(self) -> list[str]:
        """The ports in the order of their tiles; tile 1 is the first."""
        with self._lock:
            return list(self._tiles)

    @property
    def tiles(self) -> list[Tile]:
        """The tiles now, with the time of each board."""
        with self._lock:
            return [self._timed(tile) for tile in self._tiles.values()]

    @property
    def failures(self) -> list[Failure]:
        """The failures, newest first; those that need an action before the others."""
        with self._lock:
            newest = list(reversed(self._failures))
        return sorted(newest, key=lambda one: not one.is_open)

    @property
    def takes_scans(self) -> bool:
        """Whether a typed text is a serial number."""
        return self._scans is not None

    @property
    def percent(self) -> int:
        """The share of the batch that is done."""
        with self._lock:
            return 100 * self._count.done // self._count.rows if self._count.rows else 0

    def progress(self, progress: Progress) -> None:
        """Take the progress of a board."""
        with self._lock:
            tile = self._tile(progress.port)
            if tile.state != "working":
                if tile.state != "again":
                    self._settle(progress.port)
                detail = "another attempt" if tile.state == "again" else ""
                tile = Tile(progress.port, "working", detail=detail, since=self._now())
            low, high = _BEGINS.get(progress.name, 88), _ENDS.get(progress.name, 99)
            self._tiles[progress.port] = replace(
                tile,
                step=progress.name,
                percent=max(tile.percent, int(low + (high - low) * progress.share)),
                device_name=progress.device_name or tile.device_name,
                mac=progress.mac or tile.mac,
                serial=progress.serial or tile.serial,
                detail=progress.detail if progress.name == "tested" else tile.detail,
            )

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        """Take the outcome of a board."""
        with self._lock:
            tile = self._timed(self._tile(outcome.port))
            self._tiles[outcome.port] = tile = replace(
                tile,
                state=outcome.result if is_last else "again",
                device_name=outcome.device_name or tile.device_name,
                mac=outcome.mac or tile.mac,
                since=0.0,
            )
            self._settle(outcome.port)
            if outcome.result != "already":  # That board was counted when it was burned.
                self._tried.add(tile.mac or outcome.port)
            if outcome.result == "failed":
                self._failed.add(tile.mac or outcome.port)
                self._add_failure(tile, outcome, is_tried=not is_last)
            elif tile.mac:
                self._settle_board(tile)
            self.green += is_last and outcome.result != "failed"
            self.red += is_last and outcome.result == "failed"

    def gone(self, port: str) -> None:
        """Take that the port is free for the next board."""
        with self._lock:
            # The sentence of a red board stays: the operator holds the board in the hand now.
            is_red = self._tile(port).state == "failed"
            self._tiles[port] = replace(self._tiles[port], state="aside") if is_red else Tile(port)

    def count(self, count: Count) -> None:
        """Take the progress of the batch."""
        with self._lock:
            if self._first[1] < 0:
                self._first = (self._now(), count.done)
            self._count = count

    def closing(self, ports: list[str], *, abandons: bool) -> None:
        """Take that the line starts no new boards."""
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

    @property
    def remark(self) -> str:
        """The last message while it is new, else the scans that wait, as the operator reads it."""
        with self._lock:
            message, at = self._message
            if message and self._now() - at < _MESSAGE:
                return language.text(message)
        waiting = ", ".join(self._scans.serials.waiting if self._scans else ())
        return language.text(f"Scans waiting: {waiting}") if waiting else ""

    @property
    def figures(self) -> str:
        """The counts, the yield and the rate, in the operator's language."""
        with self._lock:
            tiles, count = list(self._tiles.values()), self._count
            working = sum(tile.state == "working" for tile in tiles)
            red = sum(tile.state in ("failed", "aside") for tile in tiles)
            parts = [f"{count.done} of {count.rows} done", f"{working} at work"]
            parts += [f"{red} red"] if red else []
            if self._tried:
                good = len(self._tried - self._failed)
                parts.append(f"first-pass yield {100 * good / len(self._tried):.1f} %")
            parts += [rate] if (rate := self._rate()) else []
        return " · ".join(map(language.text, parts))

    @property
    def instruction(self) -> str:
        """The next action of the operator, in the operator's language."""
        with self._lock:
            if self._closing:
                return language.text(self._closing)
            tiles = list(self._tiles.values())
            return _instruction(tiles, self._scans, needed=self._needed(tiles))

    def _tile(self, port: str) -> Tile:
        return self._tiles.setdefault(port, Tile(port))

    def _timed(self, tile: Tile) -> Tile:
        return replace(tile, seconds=self._now() - tile.since) if tile.since else tile

    def _add_failure(self, tile: Tile, outcome: Outcome, *, is_tried: bool) -> None:
        number = list(self._tiles).index(tile.port) + 1
        name = tile.label or tile.mac
        made = Failure(
            tile.port,
            number,
            self._clock(),
            tile.mac,
            name,
            outcome.detail,
            outcome.advice,
            is_tried,
        )
        last = self._failures[-1] if self._failures else None
        if last and replace(last, at=made.at, is_open=True) == made:
            self._failures.pop()  # The same board again, for the same reason.
        self._failures.append(made)

    def _settle(self, port: str) -> None:
        # The failures of a port are over: the next attempt, or the next board, is there.
        self._settle_each(lambda one: one.port == port)

    def _settle_board(self, tile: Tile) -> None:
        # The board was red on another port before.
        self._settle_each(lambda one: one.mac == tile.mac)
        for port, other in self._tiles.items():
            if port != tile.port and other.mac == tile.mac and other.state in ("failed", "aside"):
                self._tiles[port] = Tile(port)

    def _settle_each(self, is_over: Callable[[Failure], bool]) -> None:
        self._failures = deque(
            (replace(one, is_open=False) if is_over(one) else one for one in self._failures),
            maxlen=_KEPT,
        )

    def _needed(self, tiles: Sequence[Tile]) -> int:
        # How many more boards the batch needs; before the first count, one a port.
        if not self._count.rows:
            return max(1, len(tiles))
        working = sum(tile.state in ("working", "again") for tile in tiles)
        return self._count.rows - self._count.done - working

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


def _instruction(tiles: Sequence[Tile], scans: Scans | None, *, needed: int) -> str:
    def numbers(*states: str) -> str:
        return ", ".join(str(n) for n, tile in enumerate(tiles, 1) if tile.state in states)

    parts = []
    if green := numbers("done", "already"):
        parts.append(f"Take out {green} (green).")
    if red := numbers("failed"):
        parts.append(f"Take out {red} (red) and follow the text below.")
    if not parts and numbers("working", "again"):
        parts.append("Leave the blue boards plugged in.")
    free = [str(n) for n, tile in enumerate(tiles, 1) if tile.is_empty]
    if needed <= 0:
        parts.append("The batch needs no more boards.")
    elif free or not tiles:
        parts.append(_next_board(", ".join(free[:needed]), scans))
    return language.joined(parts)


def _next_board(free: str, scans: Scans | None) -> str:
    if scans and (waiting := scans.serials.waiting):
        if free:
            return f"Plug the board {waiting[0]} into {free}."
        return f"Plug in the board {waiting[0]}."
    if scans and scans.is_needed:
        return (
            f"Scan a board, then plug it into {free}."
            if free
            else "Scan a board, then plug it in."
        )
    return f"Plug a board into {free}." if free else "Plug in a board."
