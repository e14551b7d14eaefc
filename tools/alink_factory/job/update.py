"""Another firmware for a burned board: only the application changes, never the identity."""

from __future__ import annotations

from dataclasses import dataclass

from alink_factory.board.over_esptool import check_chip
from alink_factory.errors import BatchError, BoardError
from alink_factory.image import flash_content
from alink_factory.image.firmware import FirmwareImage, app_slot
from alink_factory.image.flash_content import FlashContent
from alink_factory.image.region import Region
from alink_factory.job.order import Order
from alink_formats import partitions


@dataclass(frozen=True)
class Upgraded:
    """A board with another firmware: the slot, and what was written (nothing if it had it).

    `booted` is what the board said of itself, "" without a boot check.
    """

    mac: str
    device_name: str
    slot: str
    written: tuple[str, ...]
    booted: str = ""


def upgrade(order: Order, port: str) -> Upgraded:
    """Write the application of the batch's firmware into the board's own first slot.

    The board's table counts, not the batch's. Raises BatchError when the batch has no firmware,
    BoardError when the board has no table or a slot of it is too small.
    """
    plan, esptool = order.plan, order.esptool(port)
    if plan.firmware is None:
        raise BatchError(f"{plan.batch.file}: name the new image in firmware.image")
    head, identity_range = flash_content.ranges(plan.board)
    chip, low = esptool.read(head.offset, head.size)
    check_chip(chip, plan)
    _, high = esptool.read(identity_range.offset, identity_range.size)
    found = flash_content.decode(plan.board, low, high)
    regions = _regions(plan.firmware, found)
    written = tuple(esptool.write(regions))
    _, after = esptool.read(identity_range.offset, identity_range.size, reset=True)
    if after != high:
        raise BoardError(
            "upgrade",
            "the identity is not what it was before",
            advice="Put the board aside: its flash is failing.",
            is_final=True,
        )
    owner = found.burned
    booted = order.boot_check(port, owner) if order.boot_check and owner else ""
    order.ledger.note(
        "upgraded",
        batch=plan.batch.name,
        product_key=owner.product_key if owner else "",
        device_name=owner.device_name if owner else "",
        mac=chip.mac,
        port=port,
        detail=f"firmware {plan.firmware.sha256[:16]}, {' '.join(written) or 'had it already'}",
    )
    name = owner.device_name if owner else ""
    return Upgraded(chip.mac, name, regions[0].name, written, booted)


def _regions(firmware: FirmwareImage, found: FlashContent) -> list[Region]:
    if found.table is None or not found.table.slots:
        raise BoardError(
            "upgrade",
            "the board has no partition table with an application slot",
            advice="It was never burned: use `alink-burn flash`.",
            is_final=True,
        )
    data = firmware.app.data
    if small := firmware.too_small(found.table):
        raise BoardError(
            "upgrade",
            f"the application has {len(data)} bytes and the slot {small.name} of this board "
            f"{small.size}",
            advice="Nothing was written. Take a smaller firmware, or burn another layout.",
            is_final=True,
        )
    slot = app_slot(found.table)
    regions = [Region(slot.offset, slot.name, data)]
    # Of two slots the one that was written is to start.
    regions += [
        Region(entry.offset, entry.name, b"\xff" * entry.size)
        for entry in found.table.partitions
        if (entry.type, entry.subtype) == (partitions.TYPES["data"], 0)
    ]
    return regions
