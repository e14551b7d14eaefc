"""The ledger: every board of every batch, who burned it and when; never a secret."""

from __future__ import annotations

from alink_factory.ledger.claims import Claim, Entry, Station
from alink_factory.ledger.history import History
from alink_factory.ledger.ledger import Ledger
from alink_factory.ledger.taken_rows import TakenRows

__all__ = ["Claim", "Entry", "History", "Ledger", "Station", "TakenRows"]
