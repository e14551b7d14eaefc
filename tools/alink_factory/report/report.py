"""A batch as a table: the state, board and operator of each row; never a secret.

It comes from the ledger and, as far as they can be read, from the rows of the batch. Boards whose
row left the file and boards that were refused have rows as well. It is read and written in
portions: memory does not grow with the entries of the ledger.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TextIO, TypeVar

from alink_factory.batch.rows import Row
from alink_factory.ledger import Claim, Entry, History, Ledger, measured

_FAILED = ("failed", "scrapped", "wiped", "refused")
_PORTION = 500  # Rows that are read together.

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """One row of a batch, or one board without a row.

    `csv_line` is its text line in the file, 0 if it is not in the file. `state` is free, a step of
    a board, done or refused. `at` is UTC, `record` the start of the SHA-256 of the burned identity
    record, `boot` the text of the boot check, `failures` the failed attempts, oldest first.
    `tests` has the last value of each test by name, `extra` the columns of the user, whose names
    start with "x-".
    """

    csv_line: int = 0
    row: str = ""
    kind: str = "device"
    product_key: str = ""
    device_name: str = ""
    serial: str = ""
    mac: str = ""
    state: str = "free"
    attempts: int = 0
    station: str = ""
    operator: str = ""
    port: str = ""
    at: str = ""
    firmware: str = ""
    tools: str = ""
    boot: str = ""
    record: str = ""
    registered: bool = False
    failures: str = ""
    tests: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, object]:
        """The values by column: those of tests and of the user last."""
        own = {name: getattr(self, name) for name in COLUMNS}
        return own | {column(name): value for name, value in self.tests.items()} | self.extra


COLUMNS = tuple(one.name for one in fields(ReportRow) if one.name not in ("tests", "extra"))


def column(test: str) -> str:
    """Return the name of the column of a test."""
    return f"test-{test}"


@dataclass
class Total:
    """The number of rows, and of boards in each state; done and free are always included.

    Boards whose row left the file count as `removed`.
    """

    rows: int = 0
    states: dict[str, int] = field(default_factory=lambda: {"done": 0, "free": 0})

    def count(self, row: ReportRow) -> None:
        """Count one more row."""
        self.rows += 1
        if row.kind != "subdevice":
            is_removed = not row.csv_line and row.state != "refused"
            state = "removed" if is_removed else row.state
            self.states[state] = self.states.get(state, 0) + 1


class Report:
    """All rows of a batch, and its boards without a row, while `history` is open."""

    def __init__(
        self, batch: str, rows: Sequence[Row], history: History, tests: Sequence[str]
    ) -> None:
        self.batch = batch
        self._tests = tests
        self._listed = rows
        self._history = history

    def rows(self) -> Iterator[ReportRow]:
        """Yield the rows in file order, then boards whose row left the file, then refused ones."""
        yield from self.listed()
        yield from self._unlisted()

    def listed(self) -> Iterator[ReportRow]:
        """Yield the rows of the file, in its order."""
        for part in _portions(self._listed):
            keys = [row.key for row in part]
            claims, entries = self._history.claims(keys), self._history.entries(keys)
            for row in part:
                made = _in_file(row, claims.get(row.key), entries.get(row.key, []))
                yield self._marked(made)

    @property
    def columns(self) -> list[str]:
        """The names of all columns; tests that left the batch have none."""
        own = {name: None for row in self._listed for name, _ in row.extra}
        return [*COLUMNS, *map(column, self._tests), *own]

    def write_csv(self, stream: TextIO) -> Total:
        """Write the rows as CSV with a header; return how many there are."""
        total = Total()
        writer = csv.DictWriter(stream, self.columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        for row in self.rows():
            writer.writerow(row.cells)
            total.count(row)
        return total

    @property
    def burnable(self) -> int:
        """The number of rows that become boards."""
        return sum(row.kind != "subdevice" for row in self._listed)

    def entries(self, kinds: Sequence[str]) -> Iterator[Entry]:
        """Yield the entries of these kinds, oldest first."""
        return self._history.of_kinds(kinds)

    @property
    def head(self) -> str:
        """The hash of the newest entry of the ledger."""
        return self._history.head()

    def write_json(self, stream: TextIO) -> Total:
        """Write the report as one JSON document; return how many rows there are."""
        total = Total()
        stream.write(f'{{\n  "batch": {json.dumps(self.batch)},\n  "rows": [')
        for row in self.rows():
            text = json.dumps(row.cells, ensure_ascii=False)
            stream.write(f"{',' if total.rows else ''}\n    {text}")
            total.count(row)
        stream.write(f'\n  ],\n  "counts": {json.dumps(total.states)},\n')
        stream.write(f'  "chain": "{self.head}"\n}}\n')
        return total

    @cached_property
    def _registered(self) -> dict[str, set[str]]:
        return self._history.registered()

    def _marked(self, row: ReportRow) -> ReportRow:
        is_registered = row.device_name in self._registered.get(row.product_key, ())
        return replace(row, registered=True) if is_registered else row

    def _unlisted(self) -> Iterator[ReportRow]:
        known = {row.key for row in self._listed}
        for gone in _portions([key for key in self._history.rows() if key not in known]):
            claims, entries = self._history.claims(gone), self._history.entries(gone)
            for key in gone:
                yield self._marked(_of_board(claims[key], entries.get(key, [])))
        for refusals in self._history.refused():
            yield _refused(refusals)


@contextmanager
def opened(
    batch: str, rows: Sequence[Row], ledger: Ledger, *, tests: Sequence[str] = ()
) -> Iterator[Report]:
    """Open the report of a batch as it is now; `rows` may be empty, `tests` are names."""
    with ledger.history(batch) as history:
        yield Report(batch, rows, history, tests)


def _portions(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    for at in range(0, len(items), _PORTION):
        yield items[at : at + _PORTION]


def _in_file(row: Row, claim: Claim | None, entries: list[Entry]) -> ReportRow:
    of_board = _of_board(claim, entries) if claim else ReportRow(failures=_failures(entries))
    return replace(
        of_board,
        csv_line=row.csv_line,
        row=row.key,
        kind=row.kind,
        product_key=row.product_key,
        device_name=claim.device_name if claim else row.device_name,
        serial=row.serial,
        registered=bool(row.device_secret),
        extra=dict(row.extra),
    )


def _of_board(claim: Claim, entries: list[Entry]) -> ReportRow:
    mine = [entry for entry in entries if entry.mac == claim.mac]
    details = {entry.what: entry.detail for entry in mine}
    firmware, _, tools = details.get("imaged", "").partition("; ")
    values = (one.detail for one in mine if one.what == measured.WHAT)
    last = mine[-1] if mine else None
    return ReportRow(
        tests=dict(map(measured.value_of, values)),
        row=claim.row,
        product_key=claim.product_key,
        device_name=claim.device_name,
        mac=claim.mac,
        state=claim.state,
        attempts=claim.attempts,
        station=claim.station,
        operator=last.operator if last else "",
        port=last.port if last else "",
        at=_time(last.at) if last else "",
        firmware=firmware.removeprefix("firmware "),
        tools=tools,
        boot=details.get("booted", ""),
        record=claim.record,
        failures=_failures(entries),
    )


def _refused(entries: list[Entry]) -> ReportRow:
    last = entries[-1]
    return ReportRow(
        mac=last.mac,
        state="refused",
        attempts=len(entries),
        station=last.station,
        operator=last.operator,
        port=last.port,
        at=_time(last.at),
        failures=_failures(entries),
    )


def _failures(entries: list[Entry]) -> str:
    return "; ".join(f"{one.what} {one.detail}" for one in entries if one.what in _FAILED)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat("T", "seconds")
