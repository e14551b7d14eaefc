"""The ledger: every board of every batch, who burned it and when; never a secret."""

from __future__ import annotations

from alink_factory.ledger.claims import Claim, Entry, Station
from alink_factory.ledger.ledger import Ledger

__all__ = ["Claim", "Entry", "Ledger", "Station"]
