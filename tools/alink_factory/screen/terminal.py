"""A line from its start to its last board: screen or lines of text, keyboard, signals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from rich.console import Console

from alink_factory.board import ports
from alink_factory.board.ports import Ports
from alink_factory.job.order import Order
from alink_factory.ledger import Claim
from alink_factory.line import Line
from alink_factory.screen import keyboard
from alink_factory.screen.log_lines import LogLines
from alink_factory.screen.screen import Screen


@dataclass(frozen=True)
class Look:
    """How a line shows itself: JSON lines, or the live screen where there is a terminal.

    `named` are the ports of the command line, which have a tile from the start.
    """

    as_json: bool = False
    beeps: bool = True
    named: tuple[str, ...] = ()


def run(order: Order, present: Ports, *, look: Look, console: Console) -> bool:
    """Run the line; return whether every board that was begun is done. Raises LedgerError."""

    def unheard() -> None:
        line.close()  # Nobody would know which board is green.

    audience = _audience(order, look, console, unheard)
    line = Line(order, present, audience)
    shown = audience if isinstance(audience, Screen) else nullcontext()

    asked = 0

    def stop(number: int) -> None:
        # The first Ctrl-C lets the boards at work finish, the second abandons them.
        nonlocal asked
        asked += 1
        line.close(abandon=asked > 1 or number != signal.SIGINT)

    def typed(text: str) -> None:
        audience.say(_answer(text, line, audience, order))

    with _signals(stop), keyboard.lines_typed(typed), shown:
        return line.run()


@contextmanager
def stoppable(order: Order) -> Iterator[None]:
    """Let Ctrl-C end the job of a single board, so that its end is told and on record."""

    def stop(_number: int) -> None:
        if order.stop.is_set():
            raise KeyboardInterrupt  # No program runs that could be ended.
        order.stop.set()

    with _signals(stop):
        yield


def unfinished(order: Order) -> list[Claim]:
    """Return the claims of boards that were begun and are not done."""
    claims = order.ledger.claims(order.plan.batch.name)
    return [claim for claim in claims if not claim.is_done]


def _audience(
    order: Order, look: Look, console: Console, on_lost: Callable[[], None]
) -> Screen | LogLines:
    if look.as_json or not console.is_terminal:
        return LogLines(sys.stdout, as_json=look.as_json, on_lost=on_lost)
    batch, station = order.plan.batch, order.ledger.station
    what = f"{batch.name} · {batch.board} · {batch.layout}"
    who = f"{station.name} · {station.operator}"
    return Screen(console, title=what, who=who, named=look.named, beeps=look.beeps)


def _answer(text: str, line: Line, audience: Screen | LogLines, order: Order) -> str:
    if order.plan.batch.naming.needs_serial:
        order.serials.add(text)
        return f"Scanned {text}: plug in its board."
    known = audience.ports if isinstance(audience, Screen) else []
    if text.isdigit() and 1 <= int(text) <= len(known):
        port = known[int(text) - 1]
        line.again(port)
        return f"Port {text} ({ports.short(port)}) is looked at again."
    if text in ("q", "quit"):
        line.close()
        return ""
    return "Type the number of a port to burn what is on it now, or q to stop."


@contextmanager
def _signals(stop: Callable[[int], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda asked, _: stop(asked)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
