"""Scrap a board: remove it from its batch, with a reason."""

from __future__ import annotations

from alink_factory.errors import BatchError
from alink_factory.ledger import Ledger


def scrap(batch: str, ledger: Ledger, *, mac: str = "", name: str = "", reason: str) -> str:
    """Remove a board from the batch and free its row; return its DeviceName.

    Raises BatchError when the ledger has no such board in this batch.
    """
    if not (mac or name):
        raise BatchError("name the board with --mac or --name")
    found = ledger.named(batch, mac=mac, device_name=name)
    if found is None:
        raise BatchError(f"the ledger has no board {mac or name} in batch {batch}")
    if not reason:
        raise BatchError("give a reason with --reason: the ledger keeps it")
    ledger.retire(found, what="scrapped", reason=reason)
    return found.device_name
