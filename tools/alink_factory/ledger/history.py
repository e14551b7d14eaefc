"""Read a batch in the ledger as it is at one moment, in portions.

A ledger has millions of entries at the end of a large batch, so nothing here holds all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from alink_factory.ledger.claims import Claim, Entry
from alink_factory.ledger.schema import CLAIMS, ENTRIES

_PORTION = 1000  # Database rows that are fetched together.


class History:
    """The claims and entries of a batch; `connection` is a transaction that only reads."""

    def __init__(self, connection: sa.Connection, batch: str) -> None:
        self._connection = connection
        self._claims = CLAIMS.c.batch == batch
        self._entries = ENTRIES.c.batch == batch

    def claims(self, rows: Sequence[str]) -> dict[str, Claim]:
        """Return the claims of these rows, by row."""
        query = CLAIMS.select().where(self._claims, CLAIMS.c.row.in_(rows))
        return {row.row: Claim(*row) for row in self._connection.execute(query)}

    def entries(self, rows: Sequence[str]) -> dict[str, list[Entry]]:
        """Return the entries of these rows, by row, oldest first."""
        query = ENTRIES.select().where(self._entries, ENTRIES.c.row.in_(rows))
        found: dict[str, list[Entry]] = {}
        for entry in self._connection.execute(query):
            found.setdefault(entry.row, []).append(Entry(*entry))
        for entries in found.values():  # Sorted here: SQLite would read the whole batch in order.
            entries.sort(key=lambda entry: entry.seq)
        return found

    def rows(self) -> Iterator[str]:
        """Yield each row that a board has, in the order in which boards took them."""
        query = sa.select(CLAIMS.c.row).where(self._claims).order_by(CLAIMS.c.id)
        yield from (row for (row,) in self._streamed(query))

    def registered(self) -> dict[str, set[str]]:
        """Return the registered DeviceNames by ProductKey."""
        names = sa.select(ENTRIES.c.product_key, ENTRIES.c.device_name)
        query = names.where(self._entries, ENTRIES.c.row == "", ENTRIES.c.what == "registered")
        found: dict[str, set[str]] = {}
        for key, name in self._streamed(query):
            found.setdefault(key, set()).add(name)
        return found

    def refused(self) -> Iterator[list[Entry]]:
        """Yield the entries of each board that was refused and never got a row."""
        burned = sa.select(CLAIMS.c.mac).where(self._claims)
        query = ENTRIES.select().where(
            self._entries,
            ENTRIES.c.row == "",
            ENTRIES.c.what == "refused",
            ENTRIES.c.mac.not_in(burned),
        )
        ordered = self._streamed(query.order_by(ENTRIES.c.mac, ENTRIES.c.seq))
        for _, entries in groupby(ordered, lambda entry: entry.mac):
            yield [Entry(*entry) for entry in entries]

    def of_kinds(self, kinds: Sequence[str], *, after: int = 0) -> Iterator[Entry]:
        """Yield the entries of these kinds after a sequence number, oldest first."""
        newer = (ENTRIES.c.seq > after) & ENTRIES.c.what.in_(kinds)
        query = ENTRIES.select().where(self._entries, newer).order_by(ENTRIES.c.seq)
        yield from (Entry(*entry) for entry in self._streamed(query))

    def every(self) -> Iterator[Entry]:
        """Yield all entries of the batch, oldest first."""
        query = ENTRIES.select().where(self._entries).order_by(ENTRIES.c.seq)
        yield from (Entry(*entry) for entry in self._streamed(query))

    def of_all_batches(self) -> Iterator[Entry]:
        """Yield all entries of the ledger, oldest first."""
        query = ENTRIES.select().order_by(ENTRIES.c.seq)
        yield from (Entry(*entry) for entry in self._streamed(query))

    def head(self) -> str:
        """Return the hash of the newest entry of the ledger, "" if it has no entries."""
        query = sa.select(ENTRIES.c.chain).order_by(ENTRIES.c.seq.desc()).limit(1)
        return self._connection.execute(query).scalar() or ""

    def _streamed(self, query: sa.Select[Any]) -> Iterator[Any]:
        return iter(self._connection.execute(query, execution_options={"yield_per": _PORTION}))
