"""One merged image of a row in a file, for another burning tool."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from alink_factory.batch.plan import Plan
from alink_factory.batch.rows import Row
from alink_factory.cloud.client import Cloud
from alink_factory.errors import BatchError
from alink_factory.job import own_secret
from alink_factory.ledger import Ledger


@dataclass(frozen=True, repr=False)
class MergedImage:
    """An image to write at `offset`. It holds secrets."""

    device_name: str
    offset: int
    data: bytes


def export(
    plan: Plan, ledger: Ledger, *, row: str, mac: str, flash_size: int, cloud: Cloud | None = None
) -> MergedImage:
    """Return the image of the row with that DeviceName or key, gaps filled with 0xFF.

    Boards that name themselves have one image for all: then `mac` may be empty.

    Written as a whole it blanks NVS and `cred`: use it for new boards. The ledger notes who
    exported it. Raises BatchError if the row does not exist or is on a board, BoardError if the
    cloud does not give its DeviceSecret.
    """
    digits = mac.replace(":", "").replace("-", "").lower()
    rows = [one for one in plan.candidates(mac=digits) if row in (one.device_name, one.key)]
    naming = plan.batch.naming
    is_for_all = naming.names_itself and not digits and not plan.needs_cloud(plan.burnable[0])
    if is_for_all:
        rows = [replace(one, device_name=naming.own_pattern) for one in rows]
    if not rows or (naming.needs_mac and not (rows[0].mac or digits or is_for_all)):
        raise BatchError(f"batch {plan.batch.name} has no row {row!r}, or the row needs --mac")
    chosen = rows[0]
    claim = ledger.find(product_key=chosen.product_key, device_name=chosen.device_name)
    if claim:
        raise BatchError(f"{chosen.device_name} is on the board {claim.mac} ({claim.state})")
    identity = own_secret.identity(plan, ledger, cloud, chosen)
    image = plan.recipe(flash_size).build(identity, None)
    start = image.regions[0].offset
    end = image.regions[-1].offset + len(image.regions[-1].data)
    data = bytearray(b"\xff" * (end - start))
    for region in image.regions:
        at = region.offset - start
        data[at : at + len(region.data)] = region.data
    note(plan, ledger, chosen, record=image.record)
    return MergedImage(chosen.device_name, start, bytes(data))


def note(plan: Plan, ledger: Ledger, row: Row, *, record: str) -> None:
    """Note in the ledger who exported the identity of a row; `record` is its digest."""
    ledger.note(
        "exported",
        batch=plan.batch.name,
        row=row.key,
        product_key=row.product_key,
        device_name=row.device_name,
        record=record,
    )


def save(merged: MergedImage, target: Path) -> None:
    """Write the image to a new file (0600). Raises BatchError if the file exists."""
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BatchError(f"{target}: {error.strerror}: name a new file") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(merged.data)
    except OSError as error:
        target.unlink()  # An incomplete image is useless and holds secrets.
        raise BatchError(f"{target}: {error.strerror}") from error
