"""The option --faults: faults of the platform, and orders to boards at a moment of the run.

[[fault]]              as of `alink-sim platform --faults`
kind = "throttle"

[[board]]
order = "wifi captive"
after = 30             # seconds from the start of the boards; 0 is before it
name = "board-2"       # without it, every board
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from alink_formats import tables
from alink_formats.tables import Table, TableError
from alink_sim.clock import Clock
from alink_sim.platform.faults import FaultError, file
from alink_sim.platform.toml_or_json import load

_LOOK = 0.1  # Seconds between two looks at the clock.


class _Entry(Table):
    order: str
    after: float = Field(default=0, ge=0)
    name: str = ""


class _File(Table):
    fault: list[Any] = Field(default_factory=list)
    board: list[_Entry] = Field(default_factory=list)


@dataclass(frozen=True)
class TimedOrder:
    """An order for a moment, in seconds from the start of the boards."""

    after: float
    order: str


@dataclass(frozen=True)
class FaultFile:
    """The tables of the platform's faults, and the orders by their time."""

    tables: Sequence[Any] = ()
    orders: Sequence[TimedOrder] = ()


def read(path: Path) -> FaultFile:
    """Return what a file declares. Raises FaultError, with the place and the fix."""
    document = load(path, FaultError)
    try:
        found = tables.check(_File, document)
    except TableError as error:
        raise FaultError(f"{path}: {'; '.join(error.messages)}") from None
    file.parse({"fault": found.fault}, where=str(path))
    orders = [
        TimedOrder(one.after, f"@{one.name} {one.order}" if one.name else one.order)
        for one in found.board
    ]
    return FaultFile(found.fault, sorted(orders, key=lambda one: one.after))


class Schedule:
    """Give each order at its time, from a thread."""

    def __init__(
        self, orders: Sequence[TimedOrder], clock: Clock, carry_out: Callable[[str], None]
    ) -> None:
        self._left = list(orders)
        self._clock = clock
        self._carry_out = carry_out
        self._closed = threading.Event()
        self._began = 0.0

    def prepare(self) -> None:
        """Give the orders for the moment before the boards start."""
        self._give(0)

    def start(self) -> None:
        """Begin to count the time."""
        self._began = self._clock.time()
        threading.Thread(target=self._run, name="schedule", daemon=True).start()

    def stop(self) -> None:
        """Give no further order."""
        self._closed.set()

    def _run(self) -> None:
        while self._left and not self._closed.wait(_LOOK):
            self._give(self._clock.time() - self._began)

    def _give(self, now: float) -> None:
        while self._left and self._left[0].after <= now:
            self._carry_out(self._left.pop(0).order)
