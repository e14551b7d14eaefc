"""Boards that remove their ProductSecret and stay online after power cuts at every operation."""

from __future__ import annotations

import base64
import re

import pytest

from alink_formats import partitions
from alink_formats.identity import SubProduct
from alink_sim.board import Board
from tests.sim.conftest import Rig

MAIN = """
from alink import Device
device = Device.from_flash(scrub=True)
device.connect()
print("connected")
"""
REMOVED = "alink: the ProductSecret was removed from this board"
LAYOUTS = ("factory", "stock")


def make(rig: Rig, name: str = "dev-1", *, layout: str = "factory", **fields: object) -> Board:
    """Return a board that scrubs, with a certificate that may be erased."""
    board = rig.board(name, main=MAIN, layout=layout, **fields)  # type: ignore[arg-type]
    if layout == "factory":
        table = board.table().with_writable("fctry")
        board.flash.burn(partitions.OFFSET, table.to_binary())
    return board


def traces(board: Board, secret: str) -> list[str]:
    """Return the encodings in which the flash holds a secret."""
    content = board.flash.read(0, board.flash.size)
    forms = {
        "raw": secret.encode(),
        "hex": secret.encode().hex().encode(),
        "Base64": base64.b64encode(secret.encode())[:20],
        "UTF-16": secret.encode("utf-16-le"),
    }
    return [name for name, form in forms.items() if form in content]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("method", ["register", "https", "regnwl"])
def test_secret_leaves_the_board_once_it_is_online(rig: Rig, method: str, layout: str) -> None:
    with make(rig, method=method, layout=layout) as board:
        assert traces(board, rig.product_secret) == ["raw"]
        board.power_on()
        board.expect(REMOVED)
        assert board.wait() == "halted"
        assert traces(board, rig.product_secret) == []
        board.power_on()
        board.expect("connected")
        assert [line.text for line in board.lines].count(REMOVED) == 1
        assert rig.kinds("dev-1").count("registered") == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_power_cut_while_scrubbing_stays_online(rig: Rig, layout: str) -> None:
    # tests/firmware/test_scrub.py cuts at every operation.
    with make(rig, "whole", layout=layout) as board:
        board.power_on()
        board.expect("connected")
        assert board.wait() == "halted"
        whole = board.flash_operations
    first = _operations_before(rig, layout)
    assert whole > first
    for cut in range(first, whole, (whole - first) // 3):
        name = f"cut-{cut}"
        with make(rig, name, layout=layout) as board:
            board.power_on(cut_at=cut + 1)
            if board.wait() != "cut":
                continue  # The number of operations differs a little from board to board.
            board.power_on()
            board.expect("connected")
            assert board.wait() == "halted"
            assert traces(board, rig.product_secret) == [], cut
            assert rig.kinds(name).count("registered") == 1, cut


def _operations_before(rig: Rig, layout: str) -> int:
    # How many operations a first boot has that does not scrub.
    plain = MAIN.replace("scrub=True", "")
    with rig.board("plain", main=plain, layout=layout) as board:
        board.power_on()
        board.expect("connected")
        assert board.wait() == "halted"
        return board.flash_operations


@pytest.mark.simulated("it has the layout factory")
def test_read_only_partition_keeps_the_secret(rig: Rig) -> None:
    with rig.board("dev-1", main=MAIN) as board:
        board.power_on()
        board.expect(re.compile("alink: the ProductSecret is still on this board"))
        board.expect("connected")
        assert traces(board, rig.product_secret) == ["raw"]
        assert [one.key for one in board.nvs()] == ["cred"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_scrubbed_gateway_keeps_its_sub_products(rig: Rig, layout: str) -> None:
    sub = (SubProduct("a1Sub", "SubSecret0000001"),)
    with make(rig, sub_products=sub, layout=layout) as board:
        board.power_on()
        board.expect(REMOVED)
        assert board.wait() == "halted"
        assert traces(board, rig.product_secret) == []
        assert traces(board, sub[0].product_secret) == ["raw"]
