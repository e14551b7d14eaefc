"""A batch as a table: the state, board and operator of each row; never a secret."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime

from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import Row
from alink_factory.ledger import Claim, Entry, Ledger


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """The state of one row of a batch: free, a step of a board, or done.

    `at` is UTC, `record` the start of the SHA-256 of the burned identity record, `failures` the
    failed attempts, oldest first.
    """

    csv_line: int
    row: str
    kind: str
    product_key: str
    device_name: str
    serial: str
    mac: str = ""
    state: str = "free"
    attempts: int = 0
    station: str = ""
    operator: str = ""
    at: str = ""
    record: str = ""
    registered: bool = False
    failures: str = ""


@dataclass(frozen=True)
class Report:
    """All rows of a batch."""

    batch: str
    rows: tuple[ReportRow, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of boards in each state; done and free are always included."""
        found = {"done": 0, "free": 0}
        for row in self.rows:
            if row.kind != "subdevice":
                found[row.state] = found.get(row.state, 0) + 1
        return found

    def as_csv(self) -> str:
        """Return the rows as CSV with a header."""
        text = io.StringIO()
        names = [field.name for field in fields(ReportRow)]
        writer = csv.DictWriter(text, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in self.rows)
        return text.getvalue()

    def as_json(self) -> str:
        """Return the report as one JSON document."""
        document = {
            "batch": self.batch,
            "counts": self.counts,
            "rows": [asdict(row) for row in self.rows],
        }
        return json.dumps(document, ensure_ascii=False, indent=2)


def make(plan: Plan, ledger: Ledger) -> Report:
    """Return the report of a batch as it is now."""
    claims = {claim.row: claim for claim in ledger.claims(plan.batch.name)}
    entries: dict[str, list[Entry]] = {}
    for entry in ledger.entries(plan.batch.name):
        entries.setdefault(entry.row, []).append(entry)
    lines = (_row(row, claims.get(row.key), entries.get(row.key, [])) for row in plan.rows)
    return Report(plan.batch.name, tuple(lines))


def _row(row: Row, claim: Claim | None, entries: list[Entry]) -> ReportRow:
    bad = ("failed", "scrapped", "wiped")
    failures = [f"{entry.what} {entry.detail}" for entry in entries if entry.what in bad]
    mine = [entry for entry in entries if claim and entry.mac == claim.mac]
    return ReportRow(
        csv_line=row.csv_line,
        row=row.key,
        kind=row.kind,
        product_key=row.product_key,
        device_name=claim.device_name if claim else row.device_name,
        serial=row.serial,
        mac=claim.mac if claim else "",
        state=claim.state if claim else "free",
        attempts=claim.attempts if claim else 0,
        station=claim.station if claim else "",
        operator=mine[-1].operator if mine else "",
        at=datetime.fromtimestamp(mine[-1].at, UTC).isoformat("T", "seconds") if mine else "",
        record=claim.record if claim else "",
        registered=any(entry.what == "registered" for entry in entries),
        failures="; ".join(failures),
    )
