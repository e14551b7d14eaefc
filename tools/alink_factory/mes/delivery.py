"""Deliver the outcomes of a station to the MES, each at least once, in the order of the ledger.

The ledger is the queue: a file beside the batch keeps the number of the last entry that was
delivered, so a killed line or a MES that is away loses no outcome.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from alink_factory.batch.batch_file import Batch
from alink_factory.errors import LedgerError
from alink_factory.ledger import Entry, Ledger
from alink_factory.mes import send
from alink_factory.mes.outcome import OUTCOMES, document
from alink_factory.mes.send import RefusedDocumentError, Send, UnavailableError
from alink_formats import whole_file

_INTERVAL = 1.0  # Seconds between two looks for new outcomes.
_LONGEST = 60.0  # Seconds between two attempts while the MES is away.
_LAST = 10.0  # Seconds for what waits when the line ends.


class Delivery:
    """The outcomes of one station of a batch. Raises LedgerError.

    `refused` are the sentences about documents that the MES refused; they are kept in a file.
    """

    def __init__(self, batch: Batch, ledger: Ledger, deliver: Send) -> None:
        station = ledger.station.name
        self._name = batch.name
        self._ledger = ledger
        self._deliver = deliver
        self._cursor = batch.folder / f"{batch.name}.{_safe(station)}.delivered.json"
        self.refusals = batch.folder / f"{batch.name}.{_safe(station)}.refused.jsonl"
        self._closing = threading.Event()
        self.delivered = 0
        self.refused: list[str] = []

    @property
    def waiting(self) -> int:
        """The number of outcomes that the MES does not have yet."""
        return self._ledger.count_outcomes(self._name, OUTCOMES, after=self._last)

    def deliver(self, *, until: float = float("inf")) -> None:
        """Deliver what waits, until that monotonic time. Raises UnavailableError."""
        while outcome := self._next():
            if time.monotonic() > until:
                return
            made = document(outcome, self._ledger.entries_of(outcome.batch, outcome.mac))
            try:
                self._deliver(made)
            except RefusedDocumentError as error:
                self.refused.append(f"{outcome.device_name or outcome.mac}: {error}")
                with self.refusals.open("a", encoding="utf-8") as file:
                    refusal = made | {"refusal": str(error)}
                    file.write(json.dumps(refusal, ensure_ascii=False) + "\n")
            else:
                self.delivered += 1
            self._save(outcome.seq)

    def run(self) -> None:
        """Deliver outcomes as they come, until `close`."""
        pause = 0.0
        while not self._closing.wait(pause):
            try:
                self.deliver()
                pause = _INTERVAL
            except UnavailableError:
                pause = min(_LONGEST, 2 * pause or _INTERVAL)
            except (LedgerError, OSError):
                return  # The line itself stops, or a full disk: what waits is delivered later.

    def close(self) -> None:
        """End `run`."""
        self._closing.set()

    def _next(self) -> Entry | None:
        return self._ledger.next_outcome(self._name, OUTCOMES, after=self._last)

    @property
    def _last(self) -> int:
        # The entry up to which all was delivered; another ledger begins again.
        try:
            known = json.loads(self._cursor.read_text("utf-8"))
        except (OSError, ValueError):
            return 0
        return int(known["seq"]) if known.get("ledger") == self._id else 0

    @property
    def _id(self) -> str:
        return self._ledger.batch_id(self._name)

    def _save(self, seq: int) -> None:
        cursor = json.dumps({"ledger": self._id, "seq": seq}) + "\n"
        whole_file.write(self._cursor, cursor.encode())


def of(batch: Batch, ledger: Ledger) -> Delivery | None:
    """Return the delivery of a batch, None if it has no `[mes]`. Raises BatchError."""
    if batch.mes is None:
        return None
    return Delivery(batch, ledger, send.sender(batch.mes, batch.folder))


@contextmanager
def running(batch: Batch, ledger: Ledger) -> Iterator[list[str]]:
    """Deliver outcomes in the background; yield a list that gets sentences for the end."""
    sentences: list[str] = []
    delivery = of(batch, ledger)
    if delivery is None:
        yield sentences
        return
    worker = threading.Thread(target=delivery.run, daemon=True, name="mes")
    worker.start()
    try:
        yield sentences
    finally:
        delivery.close()
        worker.join()
        sentences += finish(delivery, until=time.monotonic() + _LAST)


def finish(delivery: Delivery, *, until: float = float("inf")) -> list[str]:
    """Deliver what waits; return sentences about what the MES did not take."""
    reason = ""
    try:
        delivery.deliver(until=until)
    except UnavailableError as error:
        reason = f": {error}"
    sentences = [f"the MES refused {one}" for one in delivery.refused]
    if delivery.refused:
        sentences.append(f"refused outcomes are kept in {delivery.refusals}")
    if waiting := delivery.waiting:
        sentences.append(
            f"{waiting} outcomes wait for the MES{reason}; `alink-burn deliver` sends them"
        )
    return sentences


def _safe(station: str) -> str:
    return "".join(one if one.isalnum() or one in "._-" else "_" for one in station)
