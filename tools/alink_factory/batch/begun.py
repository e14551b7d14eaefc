"""The mark that a batch has begun, beside its file: it names the ledger that has its boards.

A ledger gives each batch an id when its first board is burned. A copy of the batch file with the
mark, or a new ledger in place of a lost one, is noticed before a name is burned twice.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from alink_factory.batch.batch_file import Batch
from alink_factory.errors import BatchError, LedgerError
from alink_factory.ledger import Ledger
from alink_formats import whole_file


@dataclass(frozen=True)
class Mark:
    """The id that a ledger gave a batch, that ledger, and the station that began the batch."""

    id: str
    ledger: str
    station: str


def bind(batch: Batch, ledger: Ledger, *, is_new: bool = False) -> str:
    """Bind a batch to its ledger; return a warning for the operator, "" without one.

    Raises LedgerError if the batch was begun with another ledger, unless `is_new`.
    """
    if not is_new and (sentence := conflict(batch, ledger)):
        raise LedgerError(
            f"{sentence}\n"
            "name the first ledger with --ledger, or restore it from a backup; --new-ledger "
            "begins the batch again and burns its names again"
        )
    file = _file(batch, ledger.station.name)
    mark = _read(file)
    known = ledger.batch_id(batch.name)
    found = Mark(known or ledger.begin(batch.name), ledger.where_shown, ledger.station.name)
    if mark and mark.id == found.id:
        return ""
    try:
        whole_file.write(file, (json.dumps(asdict(found)) + "\n").encode())
    except OSError as error:
        return f"{file}: {error.strerror}: a second ledger for this batch would not be noticed"
    return ""


def conflict(batch: Batch, ledger: Ledger) -> str:
    """Return the sentence about a batch that was begun with another ledger, "" without one."""
    mark = _read(_file(batch, ledger.station.name))
    if not mark or mark.id == ledger.batch_id(batch.name):
        return ""
    return (
        f"batch {batch.name} was begun with the ledger {mark.ledger} on station "
        f"{mark.station}, and the ledger {ledger.where_shown} does not know it"
    )


def _file(batch: Batch, station: str) -> Path:
    # Stations with separate rows have separate ledgers.
    own = f".{station}" if batch.stations else ""
    return batch.file.with_name(f"{batch.file.stem}{own}.begun.json")


def _read(file: Path) -> Mark | None:
    try:
        return Mark(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BatchError(f"{file}: {error.strerror}") from error
    except (ValueError, TypeError) as error:
        raise BatchError(
            f"{file} is damaged: remove it if the ledger is the one that the batch began with"
        ) from error
