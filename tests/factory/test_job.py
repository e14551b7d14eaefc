"""One board, one transaction, by the real esptool on simulated boards."""

from __future__ import annotations

import pytest

from alink_formats import identity
from alink_formats.partitions import PartitionTable
from tests.factory.conftest import KEY, SECRET, Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"


def certificate(flash):
    return identity.decode(flash.read(0x1FB000, 0x3000)).identity


@pytest.mark.parametrize("stub", [True, False])
def test_a_blank_board_becomes_the_first_row(workshop: Workshop, stub):
    plan = workshop.plan(rows=ROWS, firmware=60_000)
    order = workshop.order(plan, stub=stub)
    flash = workshop.flash()
    outcome = burn(order, workshop.pty(flash, mac="a0b765123456"))
    assert outcome.result == "done", outcome
    assert outcome.device_name == "lamp-0001"
    burned = certificate(flash)
    assert (burned.product_key, burned.product_secret) == (KEY, SECRET)
    assert burned.device_name == "lamp-0001"
    table = PartitionTable.from_binary(flash.read(0x8000, 0xC00))
    assert table == plan.board.table("factory")
    claim = order.ledger.find(mac="a0b765123456")
    assert claim
    assert (claim.device_name, claim.state) == ("lamp-0001", "done")
    assert [entry.what for entry in order.ledger.entries()] == [
        "claimed", "imaged", "writing", "written", "verified", "done",
    ]  # fmt: skip
    assert not list(order.scratch.iterdir())
