"""A batch of forty boards by keys alone: scans, five kinds of failure, undo, the end."""

from __future__ import annotations

import asyncio

from alink_factory.report.tally import RELEVANT, Tally
from tests.factory.screen.hands import LOST, Hands, Unit, trouble
from tests.factory.workshop import KEY, Workshop

ROWS = "SerialNumber\n" + "".join(f"{number}\n" for number in range(1001, 1041))
PORTS = 8


class Operator(Hands):
    """Burns boards: scans, plugs in, waits for the tile, takes out."""

    async def begin(self, port: int, unit: Unit, serial: str = "") -> None:
        """Scan a board and plug it in."""
        if serial:
            await self.type(serial)
            await self.until(lambda: serial in self.order.serials.waiting)
        self.plugged[self.ports[port - 1]] = unit

    async def end(self, port: int, result: str) -> None:
        """Wait for a result and take the board out."""
        await self.until(lambda: self.tile(port) == result)
        del self.plugged[self.ports[port - 1]]
        await self.until(lambda: self.tile(port) in ("free", "aside"))


async def five_failures(line: Operator) -> None:
    # A board without its scan is not burned.
    unscanned = Unit()
    await line.begin(1, unscanned)
    await line.shows("No serial number was scanned", "FAILED")
    await line.end(1, "failed")
    await line.begin(1, unscanned, "1001")
    await line.end(1, "done")
    # An unknown number, and a number that is taken back.
    await line.type("9999")
    await line.shows("Serial number 9999 is unknown")
    await line.type("1003")
    await line.type("u")
    await line.shows("Took back the scan 1003.")
    # A loose cable: the line tries it again by itself.
    loose = Unit(troubles=[trouble("writing", LOST, "Check the cable.")])
    await line.begin(2, loose, "1002")
    await line.shows("The line tries it again.")
    await line.end(2, "done")
    assert line.order.serials.waiting == ()  # Its number is used up, after two attempts.
    # A dead flash: the number goes to another board.
    dead = trouble("identify", "the flash is dead", "Put the board aside.", is_final=True)
    await line.begin(3, Unit(troubles=[dead]), "1003")
    await line.shows("The flash is dead.", "Put the board aside.")
    await line.end(3, "failed")
    await line.begin(3, Unit(), "1003")
    await line.end(3, "done")
    # A board of another batch.
    await line.begin(4, Unit(owners={(KEY, "another-lamp")}), "1004")
    await line.shows("The board carries ano")
    await line.end(4, "failed")
    await line.begin(4, Unit(), "1004")
    await line.end(4, "done")
    # A bad value: after a repair, a key burns the board again where it is.
    bad = trouble("verified", "supply is 2.9 V; the minimum is 3 V", "Repair it.", is_final=True)
    await line.begin(1, Unit(troubles=[bad]), "1005")
    await line.shows("Supply is 2.9 V; the minimum is 3 V.")
    await line.type("#1")
    await line.end(1, "done")


def test_forty_boards_are_burned_by_keys_alone(workshop: Workshop):
    line = Operator(workshop, ports=PORTS, rows=ROWS, naming='scheme = "scan"')

    async def main() -> None:
        async with line.at_work(80, 24):
            await line.shows(
                "0 of 40 done", "→ Scan a board, then plug it into 1, 2, 3, 4, 5, 6, 7, 8."
            )
            await five_failures(line)
            await line.shows("5 of 40 done")
            for first in range(1006, 1041, PORTS):
                serials = range(first, min(first + PORTS, 1041))
                for port, serial in enumerate(serials, 1):
                    await line.begin(port, Unit(), str(serial))
                for port, _ in enumerate(serials, 1):
                    if first + PORTS > 1040:
                        break  # The line ends by itself with the last board.
                    await line.end(port, "done")
            await line.until(lambda: not line.app.is_running)

    asyncio.run(main())
    assert line.running.result() is False  # The dead board and the other batch's were begun here.
    counted = Tally()
    with line.order.ledger.history("lamps") as history:
        counted.add(history.of_kinds(RELEVANT))
    assert counted.done == 40
    assert (counted.tried, counted.first_pass) == (42, 37)
    assert len(counted.failures) == 5
    every = line.order.ledger.states("lamps")
    assert sorted(row for row, state in every if state == "done") == ROWS.split()[1:]
