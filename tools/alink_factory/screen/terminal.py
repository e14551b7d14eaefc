"""A line in a terminal: its display, keyboard and signals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from rich.console import Console

from alink_factory.board.ports import Ports
from alink_factory.job.order import Order
from alink_factory.labels.printer import Printer
from alink_factory.line import Line
from alink_factory.screen import keyboard
from alink_factory.screen.log_lines import LogLines
from alink_factory.screen.screen import Scans, Screen
from alink_factory.screen.typed_text import react


@dataclass(frozen=True)
class ScreenOptions:
    """Options of the display: JSON lines, or the live screen if there is a terminal.

    `named` are the ports of the command line, which have a tile from the start.
    """

    as_json: bool = False
    beeps: bool = True
    named: tuple[str, ...] = ()


def run(
    order: Order,
    present: Ports,
    *,
    options: ScreenOptions,
    console: Console,
    printer: Printer | None = None,
) -> bool:
    """Run the line; return whether every board begun is done. Raises LedgerError."""

    def on_lost() -> None:
        line.close()  # Without output an operator cannot see which board is green.

    display = _display(order, options, console, on_lost)
    line = Line(order, present, display)
    shown = display if isinstance(display, Screen) else nullcontext()

    if printer:
        printer.on_failure = display.say
    asked = 0

    def stop(number: int) -> None:
        # The first Ctrl-C lets the boards at work finish, the second abandons them.
        nonlocal asked
        asked += 1
        line.close(abandon=asked > 1 or number != signal.SIGINT)

    def typed(text: str) -> None:
        known = display.ports if isinstance(display, Screen) else []
        display.say(react(text, line=line, order=order, known=known))

    with _signals(stop), keyboard.lines_typed(typed), shown:
        return line.run()


@contextmanager
def stoppable(order: Order) -> Iterator[None]:
    """Let Ctrl-C end the job of a single board, so its outcome is shown and on record."""

    def stop(_number: int) -> None:
        if order.stop.is_set():
            raise KeyboardInterrupt  # No program is left to end.
        order.stop.set()

    with _signals(stop):
        yield


def _display(
    order: Order, options: ScreenOptions, console: Console, on_lost: Callable[[], None]
) -> Screen | LogLines:
    if options.as_json or not console.is_terminal:
        return LogLines(sys.stdout, as_json=options.as_json, on_lost=on_lost)
    batch, station = order.plan.batch, order.ledger.station
    what = f"{batch.name} · {batch.board} · {batch.layout}"
    who = f"{station.name} · {station.operator}"
    scans = Scans(order.serials, is_needed=batch.naming.needs_serial)
    return Screen(
        console,
        title=what,
        who=who,
        named=options.named,
        beeps=options.beeps,
        scans=scans if order.plan.takes_scans else None,
    )


@contextmanager
def _signals(stop: Callable[[int], None]) -> Iterator[None]:
    known = (getattr(signal, name, None) for name in ("SIGINT", "SIGTERM", "SIGHUP"))
    numbers = [number for number in known if number is not None]  # Windows has no SIGHUP.
    before = {number: signal.signal(number, lambda asked, _: stop(asked)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
