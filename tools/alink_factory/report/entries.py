"""The entries of a batch as CSV or JSON lines, for programs of the factory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, TextIO

from alink_factory.ledger import Entry

FORMATS = ("csv", "jsonl")
_COLUMNS = tuple(one.name for one in fields(Entry))


def write(entries: Iterable[Entry], stream: TextIO, *, form: str) -> int:
    """Write entries in one of FORMATS; return how many. Times are UTC."""
    count = 0
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    if form == "csv":
        writer.writeheader()
    for entry in entries:
        count += 1
        if form == "csv":
            writer.writerow(_cells(entry))
        else:
            stream.write(json.dumps(_cells(entry), ensure_ascii=False) + "\n")
    return count


def _cells(entry: Entry) -> dict[str, Any]:
    at = datetime.fromtimestamp(entry.at, UTC).isoformat("T", "milliseconds")
    return asdict(entry) | {"at": at}
