"""Ledgers of many finished boards, filled in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from alink_factory.ledger.database import Database
from alink_factory.ledger.schema import CLAIMS, ENTRIES

STEPS = ("claimed", "imaged", "writing", "written", "verified", "done")
_PORTION = 1000


def fill(where: str, *, batch: str, product_key: str, names: Sequence[str]) -> None:
    """Put a finished board with each name into the ledger at `where`."""
    database = Database(where)
    with database.begin() as connection:
        for at in range(0, len(names), _PORTION):
            claims, entries = [], []
            for number, name in enumerate(names[at : at + _PORTION], at):
                board = {
                    "batch": batch,
                    "row": name,
                    "product_key": product_key,
                    "device_name": name,
                    "mac": f"{number:012x}",
                    "station": "bench-1",
                    "record": "0123456789abcdef",
                }
                claims.append(board | {"state": "done", "holder": f"{number:032x}", "attempts": 1})
                what = {"at": 1e9 + number, "attempt": 1, "operator": "mei", "port": "tty1"}
                entries += [board | what | {"what": step, "detail": step} for step in STEPS]
            connection.execute(CLAIMS.insert(), claims)
            connection.execute(ENTRIES.insert(), entries)
    database.close()
