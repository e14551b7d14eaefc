"""The hands of an operator who scans each board before plugging it in."""

from __future__ import annotations

import os
import pty
from collections import deque
from pathlib import Path
from typing import Any

from tests.factory.floor import Floor, Unit


class Scanner:
    """Scans boards for one program of a line, over the terminal that is its standard input.

    The next scan waits until the program has heard this one and has seen the board, as it would
    at a bench: two boards that appear at the same moment could swap their numbers.
    """

    def __init__(self, floor: Floor, ports: list[Path]) -> None:
        self._floor = floor
        self._free = deque(ports)
        self._hand: tuple[Path, Unit] | None = None  # Scanned, and not yet seen by the program.
        self._is_plugged = False
        self._unseen = {path for path in ports if path.exists()}
        self._master, self.terminal = pty.openpty()

    def hear(self, event: dict[str, Any]) -> None:
        """React to an event of the program; the work starts when it has seen all its boards."""
        if event["event"] in ("step", "gone"):
            self._unseen.discard(Path(event["port"]))
        if event["event"] == "gone":
            self._free.append(Path(event["port"]))
        elif self._hand and event["event"] == "message" and not self._is_plugged:
            path, unit = self._hand
            self._is_plugged = True
            self._floor.put(unit, path)
        elif self._hand and event["event"] == "step" and Path(event["port"]) == self._hand[0]:
            self._hand = None
        while self._hand is None and self._free and not self._unseen:
            self._scan(self._free.popleft())

    def close(self) -> None:
        """Put the board in hand away, when the program has ended."""
        if self._hand and not self._is_plugged:
            self._floor.put_back(self._hand[1])
        os.close(self._master)
        os.close(self.terminal)

    def _scan(self, path: Path) -> None:
        if unit := self._floor.next_unit(path):
            self._hand, self._is_plugged = (path, unit), False
            os.write(self._master, f"{unit.serial}\n".encode())
