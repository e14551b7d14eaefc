"""A line with boards in memory: a test plugs them in and types; job, ledger and line are real."""

from __future__ import annotations

import itertools
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from textual.pilot import Pilot

from alink_factory.board.board import EfuseKey, Prepared
from alink_factory.errors import BoardError
from alink_factory.line import Line
from alink_factory.screen.app import LineScreen, state_of
from alink_formats.identity import Identity, digest, encode
from tests.factory.workshop import Workshop
from tests.waiting import PATIENCE

_macs = itertools.count(0xA0B765000001)
LOST = "the connection to the board was lost"


@dataclass
class Unit:
    """A board in memory. `troubles` are the failures of its next attempts, by step.

    `held` keeps it at work while it is clear.
    """

    mac: str = field(default_factory=lambda: f"{next(_macs):012x}")
    troubles: list[BoardError] = field(default_factory=list)
    owners: set[tuple[str, str]] = field(default_factory=set)
    held: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Be free to work."""
        self.held.set()

    def fail(self, step: str) -> None:
        """Raise the next failure if it is one of this step."""
        if self.troubles and self.troubles[0].step == step:
            raise self.troubles.pop(0)


class UnitBoard:
    """Implements `Board` on a unit."""

    def __init__(self, unit: Unit, on_progress: Callable[[int, float], None]) -> None:
        self.mac = ""
        self.seen = ""
        self._unit = unit
        self._on_progress = on_progress
        self._identity = Identity()

    def look(self) -> set[tuple[str, str]]:
        self.mac = self._unit.mac
        self._unit.fail("identify")
        return self._unit.owners

    def prepare(self, identity: Identity, key: EfuseKey | None = None) -> Prepared:
        assert key is None
        self._identity = identity
        return Prepared(digest(encode(identity)))

    def write(self) -> tuple[str, ...]:
        self._on_progress(0, 0.5)
        assert self._unit.held.wait(PATIENCE)
        self._unit.fail("writing")
        self._unit.owners = {(self._identity.product_key, self._identity.device_name)}
        return ("fctry",)

    def verify(self) -> None:
        self._unit.fail("verified")

    def close(self) -> None:
        """Do nothing: a unit has no program behind it."""


class Hands:
    """The hands of an operator: they plug boards in, take them out, type and scan."""

    def __init__(self, workshop: Workshop, *, ports: int, **batch: Any) -> None:
        self.order = workshop.order(workshop.plan(**batch))
        self.order.board = self._board  # type: ignore[method-assign,assignment]
        self.ports = [f"/dev/ttyUSB{number}" for number in range(ports)]
        self.plugged: dict[str, Unit] = {}
        self.state = state_of(self.order, self.ports)
        self.line = Line(self.order, self._present, self.state)
        self.stops = 0
        self.running: Future[bool]
        self.app: LineScreen
        self.pilot: Pilot[None]

    @asynccontextmanager
    async def at_work(self, width: int, height: int, **options: Any) -> AsyncIterator[None]:
        """Run line and screen; end both at the end."""
        with ThreadPoolExecutor(1) as executor:
            self.running = executor.submit(self.line.run)
            self.app = LineScreen(
                self.order,
                self.line,
                self.state,
                stop=self._stop,
                is_over=self.running.done,
                **options,
            )
            try:
                async with self.app.run_test(size=(width, height)) as self.pilot:
                    yield
            finally:
                for unit in self.plugged.values():
                    unit.held.set()
                self.line.close()

    async def type(self, text: str) -> None:
        """Type or scan a text, and Enter."""
        await self.pilot.press(*text, "enter")

    async def until(self, wanted: Callable[[], bool]) -> None:
        """Wait until something is so."""
        for _ in range(int(PATIENCE / 0.05)):
            if wanted():
                return
            await self.pilot.pause(0.05)
        raise AssertionError("\n".join(self.page()))

    async def shows(self, *words: str) -> None:
        """Wait until the screen shows all these words, also across its lines."""
        await self.until(lambda: all(word in self.text for word in words))

    @property
    def text(self) -> str:
        """The words of the screen with one blank between them."""
        return " ".join(" ".join(self.page()).split())

    def page(self) -> list[str]:
        """Return the lines of the screen."""
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    def tile(self, port: int) -> str:
        """Return the state of a port, counted from 1."""
        return self.state.tiles[port - 1].state

    def _stop(self) -> None:
        self.stops += 1
        self.line.close(abandon=self.stops > 1)

    def _present(self) -> list[str]:
        return list(self.plugged)

    def _board(self, port: str, *, on_progress: Callable[[int, float], None]) -> UnitBoard:
        return UnitBoard(self.plugged[port], on_progress)


def trouble(step: str, what: str, advice: str, *, is_final: bool = False) -> BoardError:
    """Return a failure of a board."""
    return BoardError(step, what, advice=advice, is_final=is_final)
