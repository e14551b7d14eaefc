"""The document that a MES gets for each outcome of a board."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from alink_factory.ledger import Entry, measured

OUTCOMES = ("done", "failed", "refused", "scrapped", "wiped")


def document(outcome: Entry, before: Sequence[Entry]) -> dict[str, Any]:
    """Return the document; `before` are the older entries of the board.

    `seq` and `chain` name the outcome: a MES that gets it twice knows it by them. `tests` has the
    values of its attempt.
    """
    values = (
        one.detail
        for one in before
        if one.what == measured.WHAT and one.attempt == outcome.attempt
    )
    return {
        "outcome": outcome.what,
        "at": datetime.fromtimestamp(outcome.at, UTC).isoformat("T", "milliseconds"),
        "batch": outcome.batch,
        "row": outcome.row,
        "product_key": outcome.product_key,
        "device_name": outcome.device_name,
        "mac": outcome.mac,
        "attempt": outcome.attempt,
        "station": outcome.station,
        "operator": outcome.operator,
        "port": outcome.port,
        "record": outcome.record,
        "detail": outcome.detail,
        "tests": dict(map(measured.value_of, values)),
        "seq": outcome.seq,
        "chain": outcome.chain,
    }
