"""The line: boards appear on ports, are burned side by side, and the next one is asked for.

A port is burned once for each time that a board appears on it, and again when asked to. A board
that fails is tried again as long as it stays plugged in and the batch allows.
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

_LOOK = 0.2  # Seconds between two looks at the ports.
_PAUSE = 1.0  # Seconds before a board that failed is tried again.
_COUNT = 2.0  # Seconds between two looks at what other stations did.


@dataclass(frozen=True)
class Count:
    """Boards of the batch, of all stations: rows there are, done, and begun but not done."""

    rows: int
    done: int
    begun: int

    @property
    def is_complete(self) -> bool:
        """Whether every row is a finished board."""
        return self.done >= self.rows


class Audience(Protocol):
    """Who is told what happens; from any thread."""

    def progress(self, progress: Progress) -> None:
        """Show how far a board is."""

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        """Show how a board ended; not `is_last`: it is tried again by itself."""

    def gone(self, port: str) -> None:
        """Show that the port is free for the next board."""

    def count(self, count: Count) -> None:
        """Show how far the batch is."""

    def closing(self, ports: list[str], *, abandons: bool) -> None:
        """Show that no board is begun any more, and which are still at work."""


class Line:
    """Runs until the batch is complete, or `close` was called and the boards at work are done."""

    def __init__(self, order: Order, present: Ports, audience: Audience) -> None:
        self._order = order
        self._present = present
        self._audience = audience
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._workers: dict[str, threading.Thread] = {}
        self._settled: set[str] = set()  # Ports with a board that had its turn.
        self._left: set[str] = set()  # Settled ports whose board was taken out meanwhile.
        self._error: LedgerError | OSError | None = None  # What stopped the line.
        self._wish = self._heeded = 0  # 1: begin no board any more, 2: also end those at work.
        self._unfinished: dict[str, Outcome] = {}  # By MAC, or by port.
        self._counted = Count(len(order.plan.burnable), 0, 0)
        self._count_at = 0.0

    def run(self) -> bool:
        """Burn; return whether every board that was begun here is done. Raises LedgerError."""
        while True:
            self._heed()
            self._reap()
            self._count()
            is_over = self._closing.is_set() or self._counted.is_complete
            if is_over and not self._workers:
                break
            if not is_over:
                self._look()
            self._wake.wait(_LOOK)
            self._wake.clear()
        if self._error:
            raise self._error
        return not self._unfinished

    def close(self, *, abandon: bool = False) -> None:
        """Begin no board any more; `abandon` also ends those at work, as a pulled cable would.

        It only leaves a wish, and takes no lock: a signal handler may call it.
        """
        self._wish = max(self._wish, 2 if abandon else 1)

    def again(self, port: str) -> None:
        """Burn what is on a port now, also if the port never went away."""
        self._settled.discard(port)
        self._wake.set()

    def _heed(self) -> None:
        # Do what `close` was asked for since the last look.
        if self._wish > self._heeded:
            self._heeded = self._wish
            self._closing.set()
            if self._wish > 1:
                self._order.stop.set()
            self._audience.closing(sorted(self._workers), abandons=self._wish > 1)

    def _look(self) -> None:
        there = self._present()
        self._left |= self._settled - set(there)
        for port in sorted(self._left - set(self._workers)):
            # Only now: a job whose cable was pulled takes seconds to notice it and say so.
            self._left.discard(port)
            self._settled.discard(port)
            self._audience.gone(port)
        for port in there:
            if port not in self._settled and port not in self._workers:
                self._settled.add(port)
                self._audience.progress(Progress(port, "identify"))  # In the order of the ports.
                worker = threading.Thread(target=self._work, args=(port,), name=port)
                self._workers[port] = worker
                worker.start()

    def _reap(self) -> None:
        for port in [port for port, worker in self._workers.items() if not worker.is_alive()]:
            del self._workers[port]

    def _work(self, port: str) -> None:
        try:
            while not self._attempt(port):
                if self._closing.wait(_PAUSE):
                    break
        except (LedgerError, OSError) as error:  # OSError: a program cannot be started.
            self._error = error
            self._audience.outcome(
                Outcome(port, "failed", detail=str(error), advice="The line stops."), is_last=True
            )
            self.close()
        finally:
            self._wake.set()

    def _attempt(self, port: str) -> bool:
        # True when the board had its turn.
        outcome = job.burn(self._order, port, report=self._audience.progress)
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
        self._audience.outcome(outcome, is_last=is_last)
        self._count_at = 0.0
        return is_last

    def _count(self) -> None:
        if time.monotonic() < self._count_at or self._error:
            return
        plan = self._order.plan
        try:
            claims = plan.claims(self._order.ledger)
        except LedgerError as error:
            self._error = error
            self._closing.set()
            return
        done = sum(claim.is_done for claim in claims)
        self._counted = Count(len(plan.burnable), done, len(claims) - done)
        self._count_at = time.monotonic() + _COUNT
        self._audience.count(self._counted)
