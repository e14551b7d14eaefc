"""A factory floor with a robot that puts boards into ports and takes them out again.

It does the work of an operator: a green board goes into the box, a red one is plugged in again, a
board that cannot become green is scrapped.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from alink_sim.board import FlashFile
from alink_sim.board.serial import CablePull, PtyPort, SerialBoard, WornFlash
from alink_sim.clock import ManualClock


@dataclass
class Unit:
    """One board on the floor. `faults` are the cables it is plugged in with, in turn.

    `is_good` is False for a board that can never become green.
    """

    mac: str
    flash: FlashFile
    pulls: list[CablePull] = field(default_factory=list)
    chip: str = "esp32"
    flash_id: int | None = None
    is_good: bool = True
    serial: str = ""  # On its label.
    slowest: float = 0.0  # Seconds of its longest time in a port.


class Floor:
    """Ports `folder`/tty1 … and the boards still to be burned.

    `clocks` begin together, one a port, and bytes turn the clock of their port on by the time
    that they take at the baud rate in force: the latest is what a clock on the wall would show.
    They are not held to one pace: esptool's own patience is of this machine's time. The floor
    also calls `pace` with the port and these seconds, before the bytes pass.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ports: int,
        units: list[Unit],
        pace: Callable[[Path, float], None] = lambda path, seconds: None,
    ) -> None:
        self.paths = [folder / f"tty{n}" for n in range(1, ports + 1)]
        self.box: list[Unit] = []  # Green.
        self.rejects: list[Unit] = []
        self.clocks = {path: ManualClock() for path in self.paths}
        self._pace = pace
        self._waiting: queue.SimpleQueue[Unit] = queue.SimpleQueue()
        for unit in units:
            self._waiting.put(unit)
        self._plugged: dict[Path, tuple[Unit, PtyPort]] = {}
        self._began: dict[Path, float] = {}
        self._lock = threading.RLock()

    def fill(self) -> None:
        """Put a waiting board into every free port."""
        for path in self.paths:
            self.plug(path)

    def plug(self, path: Path) -> None:
        """Put the next board into a port that is free."""
        with self._lock:
            if unit := self.next_unit(path):
                self.put(unit, path)

    def next_unit(self, path: Path) -> Unit | None:
        """Take the next board in hand; None if no board waits or the port is not free."""
        with self._lock:
            if path in self._plugged:
                return None
            try:
                return self._waiting.get_nowait()
            except queue.Empty:
                return None

    def put_back(self, unit: Unit) -> None:
        """Put a board in hand to the end of the queue."""
        self._waiting.put(unit)

    def put(self, unit: Unit, path: Path) -> None:
        """Put a board into a free port."""
        with self._lock:
            pull = unit.pulls.pop(0) if unit.pulls else None
            board = SerialBoard(unit.flash, mac=unit.mac, chip=unit.chip, flash_id=unit.flash_id)
            port = PtyPort(board, path, pull=pull, pace=partial(self._pass, path))
            self._plugged[path] = (unit, port)
            self._began[path] = self.clocks[path].monotonic()
            port.plug()

    def take_out(self, path: Path, *, is_green: bool) -> Unit:
        """Take the board out; a red one goes to the end of the queue, or to the rejects."""
        with self._lock:
            unit, port = self._plugged.pop(path)
        port.unplug()
        unit.slowest = max(unit.slowest, self.clocks[path].monotonic() - self._began[path])
        if is_green:
            self.box.append(unit)
        elif unit.is_good:
            self._waiting.put(unit)
        else:
            self.rejects.append(unit)
        return unit

    def _pass(self, path: Path, seconds: float) -> None:
        self.clocks[path].advance(seconds)
        self._pace(path, seconds)

    def tidy(self, paths: list[Path], *, fills: bool = True) -> None:
        """Look after ports of a line that was killed before it could say that they are free.

        A board whose cable was pulled while the program was dead goes to the end of the queue.
        `fills` puts boards into the free ports.
        """
        for path in paths:
            if path in self._plugged and not path.exists():
                self.take_out(path, is_green=False)
            if fills:
                self.plug(path)

    def close(self) -> None:
        """Take all boards out."""
        for path in list(self._plugged):
            self._plugged.pop(path)[1].unplug()


def units(folder: Path, count: int, *, rng: random.Random, faulty: float = 0.0) -> list[Unit]:
    """Return blank boards; a share of them is plugged in with one or two cables that give way."""
    made = []
    for number in range(count):
        flash = FlashFile.create(folder / f"flash-{number:04d}.bin", size=0x400000)
        cables = rng.choice((1, 1, 2)) if rng.random() < faulty else 0
        pulls = [CablePull(after=rng.randrange(200, 120_000)) for _ in range(cables)]
        made.append(Unit(f"a0b765{number:06x}", flash, pulls))
    return made


def spoil(folder: Path, rng: random.Random, number: int) -> Unit:
    """Return a board that can never become green: a worn or dead flash, or another chip."""
    path = folder / f"spoiled-{number:04d}.bin"
    flash = FlashFile.create(path, size=0x400000)
    mac = f"bad000{number:06x}"
    kind = rng.choice(("worn", "dead", "chip"))
    if kind == "worn":
        return Unit(mac, WornFlash(path, stuck={0x1FB010: 0x41}), is_good=False)
    if kind == "dead":
        return Unit(mac, flash, flash_id=0xFFFFFF, is_good=False)
    return Unit(mac, flash, chip="esp32c3", is_good=False)
