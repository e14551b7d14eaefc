"""A line in a terminal: its display, keyboard and signals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from alink_factory.board.ports import Ports
from alink_factory.job.order import Order
from alink_factory.labels.printer import Printer
from alink_factory.line import Line
from alink_factory.screen import guard, keyboard
from alink_factory.screen.failure_list import failure_list
from alink_factory.screen.log_lines import LogLines
from alink_factory.screen.typed_text import react
from alink_factory.screen.watch import Watch


@dataclass(frozen=True)
class ScreenOptions:
    """Options of the display: JSON lines, text lines if `is_plain`, or the screen.

    Without a terminal, text lines are written. `named` are the ports of the command line, which
    have a tile from the start.
    """

    as_json: bool = False
    is_plain: bool = False
    beeps: bool = True
    is_light: bool = False
    named: tuple[str, ...] = ()

    @property
    def has_screen(self) -> bool:
        """Whether the screen is shown."""
        streams = (sys.stdin, sys.stdout, sys.stderr)
        return not (self.as_json or self.is_plain) and all(one.isatty() for one in streams)


def run(
    order: Order,
    present: Ports,
    *,
    options: ScreenOptions,
    console: Console,
    printer: Printer | None = None,
) -> bool:
    """Run the line; return whether every board begun is done. Raises LedgerError."""
    if options.has_screen:
        return _with_screen(order, present, options, console, printer)
    return _with_text_lines(order, present, options, printer)


@contextmanager
def stoppable(order: Order) -> Iterator[None]:
    """Let Ctrl-C end the job of a single board, so its outcome is shown and on record."""

    def stop(_number: int) -> None:
        if order.stop.is_set():
            raise KeyboardInterrupt  # No program is left to end.
        order.stop.set()

    with _signals(stop):
        yield


def watch(watched: Watch, *, is_light: bool) -> None:
    """Show all stations of a batch until the supervisor quits. Raises LedgerError."""
    from alink_factory.screen import watch_app  # noqa: PLC0415  slow, and often not needed

    watched.look()  # A ledger that cannot be read is a sentence, not a screen.
    with guard.restored(sys.stdin):
        watch_app.WatchScreen(watched, is_light=is_light).run()


class _Stop:
    # The first Ctrl-C lets the boards at work finish, the second abandons them.
    def __init__(self, line: Line) -> None:
        self._line = line
        self._asked = 0

    def __call__(self, number: int = signal.SIGINT) -> None:
        self._asked += 1
        self._line.close(abandon=self._asked > 1 or number != signal.SIGINT)


def _with_text_lines(
    order: Order, present: Ports, options: ScreenOptions, printer: Printer | None
) -> bool:
    def on_lost() -> None:
        line.close()  # Without output an operator cannot see which board is green.

    display = LogLines(sys.stdout, as_json=options.as_json, on_lost=on_lost)
    line = Line(order, present, display)
    if printer:
        printer.on_failure = display.say
    keyboard.listen(lambda text: display.say(react(text, line=line, order=order, known=[])))
    with _signals(_Stop(line)):
        return line.run()


def _with_screen(
    order: Order,
    present: Ports,
    options: ScreenOptions,
    console: Console,
    printer: Printer | None,
) -> bool:
    from alink_factory.screen import app  # noqa: PLC0415  slow, and often not needed

    state = app.state_of(order, options.named)
    line = Line(order, present, state)
    stop = _Stop(line)
    if printer:
        printer.on_failure = state.say
    with _signals(stop), guard.restored(sys.stdin), ThreadPoolExecutor(1) as executor:
        running = executor.submit(line.run)
        screen = app.LineScreen(
            order,
            line,
            state,
            stop=stop,
            is_over=running.done,
            beeps=options.beeps,
            is_light=options.is_light,
        )
        try:
            screen.run()
        finally:
            line.close()
    left = [one for one in state.failures if one.is_open]
    console.print(failure_list(left, width=console.width, is_whole=True))
    return running.result()


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
