"""The ledger: claims of rows and the entries of all events; safe for threads and stations.

A row belongs to one board from `claim` until the board is scrapped or wiped. Before the first byte
is written, `advance(…, "writing")` has to succeed. It fails if the claim was released or another
job took it, so two runs never burn one row.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from alink_factory.errors import BoardError, LedgerError
from alink_factory.ledger import chain
from alink_factory.ledger.claims import STATES, Candidate, Claim, Entry, Station
from alink_factory.ledger.database import Database
from alink_factory.ledger.history import History
from alink_factory.ledger.schema import BATCHES, CLAIMS, ENTRIES
from alink_factory.ledger.taken_rows import RELEVANT, Event, TakenRows

_WRITING = STATES.index("writing")


class Ledger:
    """The ledger at `where`, a file or a postgresql:// URL. Raises LedgerError.

    `now` gives seconds since 1970.
    """

    def __init__(
        self,
        where: str,
        *,
        station: Station,
        is_read_only: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._database = Database(where, is_read_only=is_read_only)
        self._now = now
        self.where_shown = self._database.shown
        self.station = station

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def claim(
        self, batch: str, rows: Iterable[Candidate], *, mac: str, port: str = ""
    ) -> Claim | None:
        """Return the claim of this board: the one it has, or a new one of the first free row.

        `rows` have their DeviceName for this board; leave out those that `taken_rows` has. None
        if every row is taken. A claim that is not done goes to this job, a finished one is
        returned unchanged. Raises BoardError if the board belongs to another batch or the
        DeviceName is on another board.
        """
        held = self._take_up(batch, mac, port)
        if held:
            return held
        for row in rows:
            try:
                return self._insert(batch, row, mac, port)
            except exc.IntegrityError:
                if held := self._take_up(batch, mac, port):
                    return held
                self._check_name(row, batch)  # Or another job was faster: take the next row.
        return None

    def taken_rows(self, batch: str, known: Container[str]) -> TakenRows:
        """Return the taken rows of a batch; `known` has the keys of the rows in its file."""
        columns = (ENTRIES.c.seq, ENTRIES.c.what, ENTRIES.c.row)

        def read(seq: int) -> Iterator[Event]:
            newer = (ENTRIES.c.batch == batch) & (ENTRIES.c.seq > seq)
            query = sa.select(*columns).where(newer, ENTRIES.c.what.in_(RELEVANT))
            with self._database.read() as connection:
                for event in connection.execute(query.order_by(ENTRIES.c.seq)):
                    yield event.seq, event.what, event.row

        return TakenRows(read, known)

    def advance(
        self,
        claim: Claim,
        state: str,
        *,
        port: str = "",
        record: str = "",
        detail: str = "",
        is_blank: bool = False,
    ) -> Claim:
        """Note that a board reached `state`; `record` is that of the claim if it is empty.

        Once flash may hold the row's identity, the claim stays at "writing" or later, so that no
        failure frees the row, unless the board `is_blank` again. Raises BoardError if the claim is
        no longer this job's: then nothing may be written.
        """
        record = record or claim.record
        with self._database.begin() as connection:
            mine = (CLAIMS.c.id == claim.id) & (CLAIMS.c.holder == claim.holder)
            kept = state if is_blank else _not_before(claim.state, state)
            changed = connection.execute(
                CLAIMS.update().where(mine).values(state=kept, record=record)
            )
            if changed.rowcount != 1:
                raise BoardError(
                    state,
                    f"another job took {claim.device_name} while this job held it",
                    advice="Nothing was written. Plug the board in again.",
                )
            more = {"record": record, "detail": detail}
            self._note(connection, _of(claim), what=state, port=port, **more)
        return replace(claim, state=kept, record=record)

    def fail(self, claim: Claim, *, step: str, detail: str, port: str = "") -> None:
        """Note that an attempt failed. If nothing was written yet, this frees the row.

        Otherwise the row stays with the board, which may carry it.
        """
        with self._database.begin() as connection:
            self._note(
                connection, _of(claim), what="failed", port=port, detail=f"{step}: {detail}"
            )
            mine = (CLAIMS.c.id == claim.id) & (CLAIMS.c.holder == claim.holder)
            self._release_unwritten(connection, mine, port)

    def release(self, batch: str, *, station: str | None = None) -> list[Claim]:
        """Free the rows of boards that were not written yet; return their claims.

        `station` limits this to one station. Safe at any time: a job that still works on one of
        these rows fails before it writes.
        """
        where = CLAIMS.c.batch == batch
        if station is not None:
            where &= CLAIMS.c.station == station
        with self._database.begin() as connection:
            return self._release_unwritten(connection, where, "")

    def retire(self, claim: Claim, *, what: str, reason: str, port: str = "") -> None:
        """Free the row of a board; `what` is the reason: "scrapped" or "wiped"."""
        with self._database.begin() as connection:
            gone = connection.execute(CLAIMS.delete().where(CLAIMS.c.id == claim.id))
            if gone.rowcount != 1:
                raise LedgerError(f"{claim.device_name} is no longer in the ledger")
            self._note(connection, _of(claim), what=what, port=port, detail=reason)

    def note(self, what: str, *, batch: str, **more: Any) -> None:
        """Add an entry that changes no claim: registered, updated; `more` is as in Entry."""
        with self._database.begin() as connection:
            self._note(connection, {"batch": batch}, what=what, **more)

    def note_on(self, claim: Claim, what: str, *, port: str, detail: str) -> None:
        """Add an entry about the board of a claim, which does not change the claim."""
        with self._database.begin() as connection:
            self._note(connection, _of(claim), what=what, port=port, detail=detail)

    def find(self, *, mac: str = "", product_key: str = "", device_name: str = "") -> Claim | None:
        """Return the claim of a MAC, or of a DeviceName of a product, None if it has none."""
        if mac:
            return self._claim_by(CLAIMS.c.mac == mac)
        return self._claim_by(
            (CLAIMS.c.product_key == product_key) & (CLAIMS.c.device_name == device_name)
        )

    def named(self, batch: str, *, mac: str = "", device_name: str = "") -> Claim | None:
        """Return the claim in a batch of a MAC, or of a DeviceName, None if it has none."""
        mine = CLAIMS.c.mac == mac if mac else CLAIMS.c.device_name == device_name
        query = CLAIMS.select().where(CLAIMS.c.batch == batch, mine).order_by(CLAIMS.c.id)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return Claim(*row) if row else None

    def claims(self, batch: str | None = None) -> list[Claim]:
        """Return the claims of a batch, or all claims, oldest first."""
        query = CLAIMS.select().order_by(CLAIMS.c.id)
        if batch is not None:
            query = query.where(CLAIMS.c.batch == batch)
        with self._database.read() as connection:
            return [Claim(**row) for row in connection.execute(query).mappings()]

    def entries(self, batch: str | None = None) -> list[Entry]:
        """Return the entries of a batch, or all entries, oldest first."""
        query = ENTRIES.select().order_by(ENTRIES.c.seq)
        if batch is not None:
            query = query.where(ENTRIES.c.batch == batch)
        with self._database.read() as connection:
            return [Entry(**row) for row in connection.execute(query).mappings()]

    def next_outcome(self, batch: str, kinds: Sequence[str], *, after: int) -> Entry | None:
        """Return this station's oldest entry of these kinds after a sequence number, or None."""
        query = ENTRIES.select().where(self._outcomes(batch, kinds, after))
        with self._database.read() as connection:
            row = connection.execute(query.order_by(ENTRIES.c.seq).limit(1)).first()
        return Entry(*row) if row else None

    def count_outcomes(self, batch: str, kinds: Sequence[str], *, after: int) -> int:
        """Return the number of this station's entries of these kinds after a sequence number."""
        mine = self._outcomes(batch, kinds, after)
        query = sa.select(sa.func.count()).select_from(ENTRIES).where(mine)
        with self._database.read() as connection:
            return connection.execute(query).scalar() or 0

    def entries_of(self, batch: str, mac: str) -> list[Entry]:
        """Return the entries of a board in a batch, oldest first."""
        mine = (ENTRIES.c.mac == mac) & (ENTRIES.c.batch == batch)
        with self._database.read() as connection:
            found = connection.execute(ENTRIES.select().where(mine).order_by(ENTRIES.c.seq))
            return [Entry(*row) for row in found]

    def batch_id(self, batch: str) -> str:
        """Return the id that this ledger gave a batch, "" if no board of it was burned yet."""
        with self._database.read() as connection:
            return self._batch_id(connection, batch)

    def begin(self, batch: str) -> str:
        """Return the id of a batch; the first call gives it one."""
        with self._database.begin() as connection:
            known = self._batch_id(connection, batch)
            if known:
                return known  # Another station was faster.
            made = uuid.uuid4().hex
            connection.execute(
                BATCHES.insert().values(
                    name=batch, id=made, at=self._now(), station=self.station.name
                )
            )
            return made

    @contextmanager
    def history(self, batch: str) -> Iterator[History]:
        """Open what the ledger knows of a batch now, to be read in portions."""
        with self._database.read() as connection:
            yield History(connection, batch)

    @property
    def is_empty(self) -> bool:
        """Whether no board has a claim."""
        with self._database.read() as connection:
            return connection.execute(sa.select(CLAIMS.c.id).limit(1)).first() is None

    def states(self, batch: str) -> list[tuple[str, str]]:
        """Return row and state of every claim of a batch."""
        query = sa.select(CLAIMS.c.row, CLAIMS.c.state).where(CLAIMS.c.batch == batch)
        with self._database.read() as connection:
            return [(row, state) for row, state in connection.execute(query)]

    def others(self, batch: str) -> Iterator[tuple[str, str, str, str]]:
        """Yield ProductKey, DeviceName, MAC and batch of every board of another batch."""
        columns = (CLAIMS.c.product_key, CLAIMS.c.device_name, CLAIMS.c.mac, CLAIMS.c.batch)
        query = sa.select(*columns).where(CLAIMS.c.batch != batch)
        with self._database.read() as connection:
            yield from (tuple(row) for row in connection.execute(query))

    def unfinished(self, batch: str) -> list[Claim]:
        """Return the claims of boards that are begun and not done, oldest first."""
        query = CLAIMS.select().where(CLAIMS.c.batch == batch, CLAIMS.c.state != STATES[-1])
        with self._database.read() as connection:
            return [Claim(*row) for row in connection.execute(query.order_by(CLAIMS.c.id))]

    def _take_up(self, batch: str, mac: str, port: str) -> Claim | None:
        with self._database.begin() as connection:
            found = connection.execute(CLAIMS.select().where(CLAIMS.c.mac == mac)).mappings()
            row = found.one_or_none()
            if row is None:
                return None
            claim = Claim(**row)
            if claim.batch != batch:
                raise BoardError(
                    "claimed",
                    f"this board is {claim.device_name} of batch {claim.batch} ({claim.state})",
                    advice="Take it out; `alink-burn wipe` makes it a new board.",
                    is_final=True,
                )
            if claim.is_done:
                return claim
            claim = replace(
                claim,
                holder=uuid.uuid4().hex,
                station=self.station.name,
                attempts=claim.attempts + 1,
            )
            connection.execute(
                CLAIMS.update().where(CLAIMS.c.id == claim.id).values(**asdict(claim))
            )
            self._note(connection, _of(claim), what="claimed", port=port, detail="taken up again")
            return claim

    def _insert(self, batch: str, row: Candidate, mac: str, port: str) -> Claim:
        values: dict[str, Any] = {
            "batch": batch,
            "row": row.key,
            "product_key": row.product_key,
            "device_name": row.device_name,
            "mac": mac,
            "state": STATES[0],
            "holder": uuid.uuid4().hex,
            "station": self.station.name,
            "attempts": 1,
            "record": "",
        }
        with self._database.begin() as connection:
            done = connection.execute(CLAIMS.insert().values(**values))
            key = done.inserted_primary_key
            claim = Claim(**(values | {"id": key[0] if key else 0}))
            self._note(connection, _of(claim), what="claimed", port=port)
        return claim

    def _check_name(self, row: Candidate, batch: str) -> None:
        other = self.find(product_key=row.product_key, device_name=row.device_name)
        if other and (other.batch, other.row) != (batch, row.key):
            advice = "Stop the line: rows of the two batches have the same DeviceName."
            if other.batch == batch:  # A scanned number, or digits of a MAC, gave a name twice.
                advice = (
                    "Scan the board's own serial number, or use more digits of the MAC in "
                    "device_name.template. Then plug it in again."
                )
            raise BoardError(
                "claimed",
                f"{row.device_name} is already on the board {other.mac} of batch {other.batch}",
                advice=advice,
                is_final=True,
            )

    def _release_unwritten(
        self, connection: sa.Connection, where: sa.ColumnElement[bool], port: str
    ) -> list[Claim]:
        unwritten = where & CLAIMS.c.state.in_(STATES[:_WRITING])
        gone = connection.execute(CLAIMS.delete().where(unwritten).returning(*CLAIMS.c))
        released = [Claim(**row) for row in gone.mappings()]
        for claim in released:
            self._note(connection, _of(claim), what="released", port=port)
        return released

    def _outcomes(self, batch: str, kinds: Sequence[str], after: int) -> sa.ColumnElement[bool]:
        mine = (ENTRIES.c.batch == batch) & (ENTRIES.c.station == self.station.name)
        return mine & (ENTRIES.c.seq > after) & ENTRIES.c.what.in_(kinds)

    def _batch_id(self, connection: sa.Connection, batch: str) -> str:
        query = sa.select(BATCHES.c.id).where(BATCHES.c.name == batch)
        return connection.execute(query).scalar() or ""

    def _claim_by(self, where: sa.ColumnElement[bool]) -> Claim | None:
        with self._database.read() as connection:
            row = connection.execute(CLAIMS.select().where(where)).mappings().one_or_none()
        return Claim(**row) if row else None

    def _note(
        self, connection: sa.Connection, about: dict[str, Any], *, what: str, **more: Any
    ) -> None:
        empty = {column.name: "" for column in ENTRIES.c if column.name not in ("seq", "attempt")}
        values = empty | {"attempt": 0} | about | more
        values |= {"at": self._now(), "what": what}
        values |= {"station": self.station.name, "operator": self.station.operator}
        newest = sa.select(ENTRIES.c.chain).order_by(ENTRIES.c.seq.desc()).limit(1)
        values["chain"] = chain.link(connection.execute(newest).scalar() or "", values)
        connection.execute(ENTRIES.insert().values(**values))


def _not_before(before: str, state: str) -> str:
    # The state of a board that was written once and reaches `state` in another attempt.
    is_written = before in STATES[_WRITING:]
    return STATES[_WRITING] if is_written and state in STATES[:_WRITING] else state


def _of(claim: Claim) -> dict[str, Any]:
    # The values of a claim that its entries repeat.
    same = ("batch", "row", "product_key", "device_name", "mac", "record")
    return {name: getattr(claim, name) for name in same} | {"attempt": claim.attempts}
