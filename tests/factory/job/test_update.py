"""Update: the firmware of a burned board changes, its identity does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alink_factory.errors import BatchError, BoardError
from alink_factory.job import update
from alink_formats.app_image import AppImage
from tests.factory.workshop import Workshop, burned

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


@pytest.mark.parametrize("kind", ["ESP32_GENERIC", "ESP32_GENERIC-OTA"])
def test_update_changes_only_the_application(workshop: Workshop, kind):
    order, flash, port = burned(workshop, board=kind)
    before = flash.read(0, flash.size)
    order.plan = workshop.plan(rows=ROWS, firmware=90_000, board=kind)
    done = update.update(order, port)
    slot = order.plan.board.table("factory").slots[0]
    assert (done.device_name, done.slot) == ("lamp-0001", slot.name)
    assert slot.name in done.written
    assert order.plan.firmware
    data = order.plan.firmware.app.data
    assert flash.read(slot.offset, len(data)) == data
    assert flash.read(0, slot.offset) == before[: slot.offset]
    assert flash.read(slot.end, flash.size - slot.end) == before[slot.end :]
    entry = order.ledger.entries()[-1]
    assert (entry.what, entry.device_name) == ("updated", "lamp-0001")


def test_update_selects_the_slot_it_wrote(workshop: Workshop):
    order, flash, port = burned(workshop, board="ESP32_GENERIC-OTA")
    choice = order.plan.board.table("factory").find("otadata")
    flash.write(choice.offset, b"\x02\0\0\0" + b"\xff" * 24 + b"\x74\x37\xf6\x55")
    order.plan = workshop.plan(rows=ROWS, firmware=90_000, board="ESP32_GENERIC-OTA")
    assert "otadata" in update.update(order, port).written
    assert flash.read(choice.offset, 32) == b"\xff" * 32


@pytest.mark.parametrize(
    ("kind", "slot"),
    [("ESP32_GENERIC", "factory 2011136"), ("ESP32_GENERIC-OTA", "ota_1 1552384")],
)
def test_update_larger_than_any_slot_is_refused(workshop: Workshop, kind, slot):
    order, flash, port = burned(workshop, board=kind)
    before = flash.read(0, flash.size)
    large = bytes(int(slot.split()[1]) + 1)
    assert order.plan.firmware
    order.plan = replace(
        order.plan, firmware=replace(order.plan.firmware, app=AppImage(large, chip_id=0))
    )
    with pytest.raises(BoardError, match=f"the slot {slot.replace(' ', ' of this board is ')}"):
        update.update(order, port)
    assert flash.read(0, flash.size) == before


def test_blank_board_cannot_be_updated(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=60_000))
    flash = workshop.flash()
    port = workshop.pty(flash)
    with pytest.raises(BoardError, match="no partition table"):
        update.update(order, str(port.path))
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_update_needs_firmware_in_batch(workshop: Workshop):
    order = workshop.order(workshop.plan(rows=ROWS))
    with pytest.raises(BatchError, match=r"firmware\.image"):
        update.update(order, "/dev/none")
