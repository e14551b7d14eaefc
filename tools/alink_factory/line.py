"""The line: boards appear on ports, and each one is burned, all ports in parallel.

A board is burned once when it appears on a port, and again on request. A failed board is tried
again while it stays plugged in and the batch allows another attempt.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Protocol

from alink_factory.board import ports
from alink_factory.board.ports import Ports
from alink_factory.errors import LedgerError
from alink_factory.job import job
from alink_factory.job.order import Order
from alink_factory.job.progress import Outcome, Progress

_INTERVAL = 0.2  # Seconds between two looks at the ports.
_PAUSE = 1.0  # Seconds before a failed board is tried again.
_COUNT = 2.0  # Seconds between two counts, which include other stations.


@dataclass(frozen=True)
class Count:
    """Boards of the batch at all stations: rows, boards done, boards begun but not done."""

    rows: int
    done: int
    begun: int

    @property
    def is_complete(self) -> bool:
        """Whether every row is on a finished board."""
        return self.done >= self.rows


class Display(Protocol):
    """Shows the line to an operator; any thread may call the methods."""

    def progress(self, progress: Progress) -> None:
        """Show the progress of a board."""

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        """Show the outcome of a board; if not `is_last`, the line tries it again by itself."""

    def gone(self, port: str) -> None:
        """Show that the port is free for the next board."""

    def count(self, count: Count) -> None:
        """Show the progress of the batch."""

    def closing(self, ports: list[str], *, abandons: bool) -> None:
        """Show that the line starts no new boards, and which ports are still at work."""


class Line:
    """Runs until the batch is complete, or until `close` and the end of the boards at work."""

    def __init__(self, order: Order, present: Ports, display: Display) -> None:
        self._order = order
        self._present = present
        self._display = display
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._workers: dict[str, threading.Thread] = {}
        self._settled: set[str] = set()  # Ports whose board is finished or at work.
        self._left: set[str] = set()  # Settled ports whose board was taken out.
        self._error: LedgerError | OSError | None = None  # The error that stopped the line.
        # 1: start no new boards, 2: also end the boards at work.
        self._close_level = self._applied = 0
        self._unfinished: dict[str, Outcome] = {}  # By MAC, or by port.
        self._counted = Count(len(order.plan.burnable), 0, 0)
        self._count_at = 0.0

    def run(self) -> bool:
        """Burn; return whether every board begun here is done. Raises LedgerError."""
        while True:
            self._apply_close()
            self._remove_finished()
            self._count()
            is_over = self._closing.is_set() or self._counted.is_complete
            if is_over and not self._workers:
                break
            if not is_over:
                self._look()
            self._wake.wait(_INTERVAL)
            self._wake.clear()
        if self._error:
            raise self._error
        return not self._unfinished

    def close(self, *, abandon: bool = False) -> None:
        """Start no new boards; `abandon` also ends the boards at work, as a pulled cable does.

        It sets a flag and takes no lock, so a signal handler may call it.
        """
        self._close_level = max(self._close_level, 2 if abandon else 1)

    def again(self, port: str) -> bool:
        """Burn the board on a port again, even if the port never went away.

        Return False if the port is empty.
        """
        is_there = port in self._settled and port not in self._left
        self._settled.discard(port)
        self._wake.set()
        return is_there

    def _apply_close(self) -> None:
        # Act on calls of `close` since the last look.
        if self._close_level > self._applied:
            self._applied = self._close_level
            self._closing.set()
            if self._close_level > 1:
                self._order.stop.set()
            self._display.closing(sorted(self._workers), abandons=self._close_level > 1)

    def _look(self) -> None:
        there = self._present()
        self._left |= self._settled - set(there)
        for port in sorted(self._left - set(self._workers)):
            # Not earlier: a job whose cable was pulled needs seconds to notice and report it.
            self._left.discard(port)
            self._settled.discard(port)
            self._display.gone(port)
        for port in there:
            if port not in self._settled and port not in self._workers:
                self._settled.add(port)
                serial = self._order.serials.take(port)
                # In the order of the ports.
                self._display.progress(Progress(port, "identify", serial=serial))
                worker = threading.Thread(target=self._work, args=(port,), name=port)
                self._workers[port] = worker
                worker.start()

    def _remove_finished(self) -> None:
        for port in [port for port, worker in self._workers.items() if not worker.is_alive()]:
            del self._workers[port]

    def _work(self, port: str) -> None:
        try:
            while not self._attempt(port):
                if self._closing.wait(_PAUSE):
                    break
        except (LedgerError, OSError) as error:  # OSError: a program cannot be started.
            self._error = error
            self._display.outcome(
                Outcome(port, "failed", detail=str(error), advice="The line stops."), is_last=True
            )
            self.close()
        finally:
            self._wake.set()

    def _attempt(self, port: str) -> bool:
        # Returns whether the board is finished.
        outcome = job.burn(self._order, port, report=self._display.progress)
        key = outcome.mac or port
        if outcome.result == "failed":
            self._unfinished[key] = outcome
        else:
            self._unfinished.pop(key, None)
            self._unfinished.pop(port, None)
        is_last = (
            outcome.result != "failed"
            or outcome.is_final
            or self._closing.is_set()
            or not (ports.is_address(port) or port in self._present())
        )
        if is_last:
            self._order.serials.forget(port)
        self._display.outcome(outcome, is_last=is_last)
        self._count_at = 0.0
        return is_last

    def _count(self) -> None:
        if time.monotonic() < self._count_at or self._error:
            return
        taken = self._order.taken
        try:
            taken.update()
        except LedgerError as error:
            self._error = error
            self._closing.set()
            return
        self._counted = Count(len(self._order.plan.burnable), taken.done, taken.begun)
        self._count_at = time.monotonic() + _COUNT
        self._display.count(self._counted)
