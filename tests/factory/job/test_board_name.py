"""A line of boards that name themselves: one certificate, names from the MACs, no rows."""

from __future__ import annotations

import pytest

from alink_factory.cloud import register
from alink_factory.errors import BatchError
from alink_factory.job import export, verify
from alink_formats import identity
from alink_formats.identity import Identity
from tests.factory.workshop import KEY, Workshop, burn

pytestmark = pytest.mark.interop

FCTRY = 0x1FB000
NAMING = 'scheme = "board"\ntemplate = "lamp-{mac:6}"'
FIRST, SECOND, SAME_DIGITS = "a0b765000001", "a0b765000002", "b0b765000001"


def test_boards_share_one_certificate_and_keep_their_names(workshop: Workshop):
    seen: list[str] = []

    def check(_port: str, burned: Identity) -> str:
        seen.append(burned.device_name)
        return "booted"

    order = workshop.order(workshop.plan(count=3, naming=NAMING), boot_check=check)
    flashes = {mac: workshop.flash() for mac in (FIRST, SECOND)}
    for mac, flash in flashes.items():
        outcome = burn(order, workshop.pty(flash, mac=mac))
        assert (outcome.result, outcome.device_name) == ("done", f"lamp-{mac[-6:]}")
    assert seen == ["lamp-000001", "lamp-000002"]
    burned = [flash.read(FCTRY, 0x3000) for flash in flashes.values()]
    assert burned[0] == burned[1]
    assert identity.decode(burned[0]).identity.device_name == "lamp-{mac:6}"
    assert register._names(order.plan, order.ledger) == {KEY: ["lamp-000001", "lamp-000002"]}
    port = workshop.pty(flashes[FIRST], mac=FIRST)
    assert burn(order, port).result == "already"
    checks = verify.check(order.plan, order.ledger, order.esptool(str(port.path)))
    assert [one.what for one in checks if not one.is_good] == []
    assert any("lamp-000001 of" in one.seen for one in checks)


def test_copied_mac_and_equal_digits_are_refused(workshop: Workshop):
    order = workshop.order(workshop.plan(count=3, naming=NAMING))
    assert burn(order, workshop.pty(workshop.flash(), mac=FIRST)).result == "done"
    copied = burn(order, workshop.pty(workshop.flash(), mac=FIRST))
    assert (copied.result, "two boards have this MAC" in copied.advice) == ("failed", True)
    equal = burn(order, workshop.pty(workshop.flash(), mac=SAME_DIGITS))
    assert equal.detail == f"lamp-000001 is already on the board {FIRST} of batch lamps"
    assert "more digits" in equal.advice


def test_one_image_serves_all_boards_of_the_batch(workshop: Workshop):
    plan = workshop.plan(count=3, naming='scheme = "board"', firmware=60_000)
    made = export.export(plan, workshop.ledger(), row="#1", mac="", flash_size=0x400000)
    assert made.device_name == "{mac}"
    record = made.data[FCTRY - made.offset :][:0x3000]
    assert identity.decode(record).identity.device_name == "{mac}"


@pytest.mark.parametrize(
    ("naming", "rows", "message"),
    [
        ('template = "lamp"', None, "gives every board the same name"),
        ('template = "{serial}"', None, "in braces a board knows"),
        ('template = "{mac:2}"', None, "allowed: 4 to 32"),
        ("", "DeviceName\nlamp-0001\n", "empty the cell"),
    ],
)
def test_plan_refuses_names_a_board_cannot_make(workshop, naming, rows, message):
    count = 0 if rows else 2
    with pytest.raises(BatchError) as refused:
        workshop.plan(count=count, rows=rows, naming=f'scheme = "board"\n{naming}')
    assert message in str(refused.value)
