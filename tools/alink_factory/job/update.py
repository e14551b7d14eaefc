"""Update the firmware of a burned board: only the application changes, never the identity."""

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
class UpdateResult:
    """The result of an update: the slot, and the names of the written regions.

    `written` is empty if the board already had this firmware. `booted` is the result of the boot
    check, "" without one.
    """

    mac: str
    device_name: str
    slot: str
    written: tuple[str, ...]
    booted: str = ""


def update(order: Order, port: str) -> UpdateResult:
    """Write the application of the batch's firmware into the board's own first slot.

    The table on the board counts, not the batch's. Raises BatchError if the batch has no firmware,
    BoardError if the board has no table or one of its slots is too small.
    """
    plan = order.plan
    if plan.firmware is None:
        raise BatchError(f"{plan.batch.file}: firmware.image is missing: name the new image")
    head, identity_range = flash_content.ranges(plan.board)
    with order.esptool(port) as esptool:
        chip, low = esptool.read(head.offset, head.size)
        check_chip(chip, plan)
        _, high = esptool.read(identity_range.offset, identity_range.size)
        found = flash_content.decode(plan.board, low, high, mac=chip.mac)
        regions = _regions(plan.firmware, found)
        written = tuple(esptool.write(regions))
        _, after = esptool.read(identity_range.offset, identity_range.size)
        if after != high:
            raise BoardError(
                "update",
                "the update changed the identity on the board",
                advice="Put the board aside: its flash is failing.",
                is_final=True,
            )
        esptool.reset()
    owner = found.burned_owner
    booted = order.boot_check(port, owner) if order.boot_check and owner else ""
    order.ledger.note(
        "updated",
        batch=plan.batch.name,
        product_key=owner.product_key if owner else "",
        device_name=owner.device_name if owner else "",
        mac=chip.mac,
        port=port,
        detail=f"firmware {plan.firmware.sha256[:16]}, {' '.join(written) or 'unchanged'}",
    )
    name = owner.device_name if owner else ""
    return UpdateResult(chip.mac, name, regions[0].name, written, booted)


def _regions(firmware: FirmwareImage, found: FlashContent) -> list[Region]:
    if found.table is None or not found.table.slots:
        raise BoardError(
            "update",
            "the board has no partition table with an application slot",
            advice="It was never burned: use `alink-burn flash`.",
            is_final=True,
        )
    data = firmware.app.data
    if small := firmware.too_small(found.table):
        raise BoardError(
            "update",
            f"the application is {len(data)} bytes; the limit of the slot {small.name} of this "
            f"board is {small.size}",
            advice="Nothing was written. Use a smaller firmware image, or burn another layout.",
            is_final=True,
        )
    slot = app_slot(found.table)
    regions = [Region(slot.offset, slot.name, data)]
    # Blank: the board starts the slot that is written.
    regions += [
        Region(entry.offset, entry.name, b"\xff" * entry.size)
        for entry in found.table.partitions
        if (entry.type, entry.subtype) == (partitions.TYPES["data"], 0)
    ]
    return regions
