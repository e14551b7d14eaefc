"""A batch as a table: the state, board and operator of each row; never a secret.

It comes from the ledger and, as far as they can be read, from the rows of the batch. Boards whose
row left the file and boards that were refused have rows as well.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime

from alink_factory.batch.rows import Row
from alink_factory.ledger import Claim, Entry, Ledger

_FAILED = ("failed", "scrapped", "wiped", "refused")


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """One row of a batch, or one board without a row.

    `csv_line` is its text line in the file, 0 if it is not in the file. `state` is free, a step of
    a board, done or refused. `at` is UTC, `record` the start of the SHA-256 of the burned identity
    record, `boot` the text of the boot check, `failures` the failed attempts, oldest first.
    `extra` has the columns of the user, whose names start with "x-".
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
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> dict[str, object]:
        """The values by column, those of the user last."""
        values: dict[str, object] = asdict(self)
        del values["extra"]
        return values | self.extra


@dataclass(frozen=True)
class Report:
    """All rows of a batch, and its boards without a row."""

    batch: str
    rows: tuple[ReportRow, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of boards in each state; done and free are always included.

        Boards whose row left the file count as `removed`.
        """
        found = {"done": 0, "free": 0}
        for row in self.rows:
            if row.kind != "subdevice":
                is_removed = not row.csv_line and row.state != "refused"
                state = "removed" if is_removed else row.state
                found[state] = found.get(state, 0) + 1
        return found

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        own = {name: None for row in self.rows for name in row.extra}
        return [one.name for one in fields(ReportRow) if one.name != "extra"] + list(own)

    def as_csv(self) -> str:
        """Return the rows as CSV with a header."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.cells for row in self.rows)
        return text.getvalue()

    def as_json(self) -> str:
        """Return the report as one JSON document."""
        document = {
            "batch": self.batch,
            "counts": self.counts,
            "rows": [row.cells for row in self.rows],
        }
        return json.dumps(document, ensure_ascii=False, indent=2)


def make(batch: str, rows: Sequence[Row], ledger: Ledger) -> Report:
    """Return the report of a batch as it is now; `rows` may be empty."""
    claims = {claim.row: claim for claim in ledger.claims(batch)}
    by_row: dict[str, list[Entry]] = {}
    by_mac: dict[str, list[Entry]] = {}
    registered = set()
    for entry in ledger.entries(batch):
        if entry.what == "registered":
            registered.add((entry.product_key, entry.device_name))
        elif entry.row:
            by_row.setdefault(entry.row, []).append(entry)
        elif entry.what == "refused":
            by_mac.setdefault(entry.mac, []).append(entry)
    known = {row.key for row in rows}
    listed = [_in_file(row, claims.get(row.key), by_row.get(row.key, [])) for row in rows]
    listed += [
        _of_board(claim, by_row.get(key, [])) for key, claim in claims.items() if key not in known
    ]
    with_name = (_with_registration(row, registered) for row in listed)
    return Report(batch, (*with_name, *_refused(by_mac, claims.values())))


def _in_file(row: Row, claim: Claim | None, entries: list[Entry]) -> ReportRow:
    of_board = asdict(_of_board(claim, entries)) if claim else {"failures": _failures(entries)}
    own = {
        "csv_line": row.csv_line,
        "row": row.key,
        "kind": row.kind,
        "product_key": row.product_key,
        "device_name": claim.device_name if claim else row.device_name,
        "serial": row.serial,
        "registered": bool(row.device_secret),
        "extra": dict(row.extra),
    }
    return ReportRow(**(of_board | own))


def _of_board(claim: Claim, entries: list[Entry]) -> ReportRow:
    mine = [entry for entry in entries if entry.mac == claim.mac]
    details = {entry.what: entry.detail for entry in mine}
    firmware, _, tools = details.get("imaged", "").partition("; ")
    last = mine[-1] if mine else None
    return ReportRow(
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


def _refused(by_mac: dict[str, list[Entry]], claims: Iterable[Claim]) -> Iterator[ReportRow]:
    # A board that got a row later is not a refused board.
    burned = {claim.mac for claim in claims}
    for mac, entries in by_mac.items():
        if mac not in burned:
            last = entries[-1]
            yield ReportRow(
                mac=mac,
                state="refused",
                attempts=len(entries),
                station=last.station,
                operator=last.operator,
                port=last.port,
                at=_time(last.at),
                failures=_failures(entries),
            )


def _with_registration(row: ReportRow, registered: set[tuple[str, str]]) -> ReportRow:
    is_registered = row.registered or (row.product_key, row.device_name) in registered
    return replace(row, registered=is_registered)


def _failures(entries: list[Entry]) -> str:
    return "; ".join(f"{one.what} {one.detail}" for one in entries if one.what in _FAILED)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat("T", "seconds")
