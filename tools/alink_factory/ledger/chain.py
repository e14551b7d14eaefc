"""The chain of a ledger: each entry holds a hash of itself and of the entry before it.

A changed, inserted or removed entry breaks the chain. Entries that were cut off at the end do not:
for them, compare the head with one that was printed on an earlier report.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alink_factory.ledger.claims import Entry

# In this order, for ever. Not the sequence number: the database gives it after the hash.
_HASHED = (
    "at",
    "what",
    "batch",
    "row",
    "product_key",
    "device_name",
    "mac",
    "attempt",
    "station",
    "operator",
    "port",
    "record",
    "detail",
)


@dataclass(frozen=True)
class Audit:
    """The result of an audit: the number of entries, the head, and the first broken entry.

    `known` is the sequence number of the entry whose hash was asked for, 0 if no entry has it.
    """

    entries: int
    head: str
    broken: Entry | None = None
    known: int = 0


def link(before: str, entry: Mapping[str, Any]) -> str:
    """Return the hash of an entry; `before` is that of the entry before it, "" for the first."""
    values = [before, *(entry[name] for name in _HASHED)]
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def audit(entries: Iterable[Entry], *, head: str = "") -> Audit:
    """Follow the chain through all entries, oldest first; `head` is a hash to look for."""
    before, count, known = "", 0, 0
    for entry in entries:
        count += 1
        facts = {name: getattr(entry, name) for name in _HASHED}
        if entry.chain != link(before, facts):
            return Audit(count, before, entry, known)
        before = entry.chain
        if head and before.startswith(head):
            known = entry.seq
    return Audit(count, before, None, known)
