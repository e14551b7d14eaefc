"""A factory floor without people: a robot that puts boards into ports, and takes them out again.

It knows a board by its flash file. It does what a person does who reads the screen: a green board
goes into the box, a red one is plugged in again.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from alink_sim.board import FlashFile
from alink_sim.board.serial import Fault, PtyPort, SerialBoard


@dataclass
class Unit:
    """One board on the floor. `faults` are the cables it is plugged in with, in turn."""

    mac: str
    flash: FlashFile
    faults: list[Fault] = field(default_factory=list)
    chip: str = "esp32"
    flash_id: int | None = None
    plugged: int = 0


class Floor:
    """Ports `folder`/tty1 … and the boards still to be burned."""

    def __init__(
        self,
        folder: Path,
        *,
        ports: int,
        units: list[Unit],
        pace: Callable[[float], None] | None = None,
    ) -> None:
        self.paths = [folder / f"tty{n}" for n in range(1, ports + 1)]
        self.box: list[Unit] = []  # Green.
        self.seconds = [0.0] * ports  # On the wire, by port, at the baud rate of the chip.
        self._waiting: queue.SimpleQueue[Unit] = queue.SimpleQueue()
        for unit in units:
            self._waiting.put(unit)
        self._pace = pace
        self._plugged: dict[Path, tuple[Unit, PtyPort]] = {}
        self._lock = threading.RLock()

    def fill(self) -> None:
        """Put a board into every free port, as long as there are boards."""
        for path in self.paths:
            self.plug(path)

    def plug(self, path: Path) -> None:
        """Put the next board into a port that is free."""
        with self._lock:
            if path in self._plugged:
                return
            try:
                unit = self._waiting.get_nowait()
            except queue.Empty:
                return
            fault = unit.faults.pop(0) if unit.faults else None
            unit.plugged += 1
            board = SerialBoard(unit.flash, mac=unit.mac, chip=unit.chip, flash_id=unit.flash_id)
            number = self.paths.index(path)
            port = PtyPort(board, path, fault=fault, pace=lambda s: self._spend(number, s))
            self._plugged[path] = (unit, port)
            port.plug()

    def take_out(self, path: Path, *, is_green: bool) -> None:
        """Take the board out; a red one goes to the end of the queue."""
        with self._lock:
            unit, port = self._plugged.pop(path)
        port.unplug()
        if is_green:
            self.box.append(unit)
        else:
            self._waiting.put(unit)

    def close(self) -> None:
        """Take all boards out."""
        for path in list(self._plugged):
            self._plugged.pop(path)[1].unplug()

    def _spend(self, number: int, seconds: float) -> None:
        self.seconds[number] += seconds
        if self._pace:
            self._pace(seconds)


def units(folder: Path, count: int, *, rng: random.Random, faulty: float = 0.0) -> list[Unit]:
    """Return blank boards; a share of them is plugged in with one or two cables that give way."""
    made = []
    for number in range(count):
        flash = FlashFile.create(folder / f"flash-{number:04d}.bin", size=0x400000)
        faults = []
        if rng.random() < faulty:
            faults = [
                Fault(pull_after=rng.randrange(200, 120_000)) for _ in range(rng.choice((1, 1, 2)))
            ]
        made.append(Unit(f"a0b765{number:06x}", flash, faults))
    return made
