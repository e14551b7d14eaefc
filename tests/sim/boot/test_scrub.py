"""Boards that erase their ProductSecret and stay online after power cuts at every operation."""

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
GATEWAY = re.compile("alink: the ProductSecret is still on this board: a gateway needs")


def make(rig: Rig, name: str = "dev-1", **fields: object) -> Board:
    """Return a board that scrubs, with a certificate that may be erased."""
    board = rig.board(name, main=MAIN, **fields)  # type: ignore[arg-type]
    erasable(board)
    return board


def erasable(board: Board) -> None:
    """Take the flag readonly from the certificate's partition."""
    board.flash.burn(partitions.OFFSET, board.table().with_writable("fctry").to_binary())


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


@pytest.mark.parametrize("method", ["register", "https", "regnwl"])
def test_secret_leaves_the_board_once_it_is_online(rig: Rig, method: str) -> None:
    with make(rig, method=method) as board:
        assert traces(board, rig.product_secret) == ["raw"]
        board.power_on()
        board.expect(REMOVED)
        assert board.wait() == "halted"
        assert traces(board, rig.product_secret) == []
        board.power_on()
        board.expect("connected")
        assert [line.text for line in board.lines].count(REMOVED) == 1
        assert rig.kinds("dev-1").count("registered") == 1


def test_power_cut_while_scrubbing_stays_online(rig: Rig) -> None:
    with make(rig) as board:
        board.power_on()
        board.expect("connected")
        assert board.wait() == "halted"
        whole = board.flash_operations
    first = _operations_before(rig)
    assert whole > first
    cuts = 0
    for cut in range(first - 2, whole + 1):
        name = f"cut-{cut}"
        with make(rig, name=name) as board:
            board.power_on(cut_at=cut)
            if board.wait() != "cut":
                continue  # The number of operations differs a little from board to board.
            cuts += 1
            board.power_on()
            board.expect("connected")
            assert board.wait() == "halted"
            assert traces(board, rig.product_secret) == [], cut
            assert rig.kinds(name).count("registered") == 1, cut
    assert cuts >= whole - first


def _operations_before(rig: Rig) -> int:
    # How many operations a first boot has that does not scrub.
    plain = MAIN.replace("scrub=True", "")
    with rig.board("plain", main=plain) as board:
        board.power_on()
        board.expect("connected")
        assert board.wait() == "halted"
        return board.flash_operations


def test_read_only_partition_keeps_the_secret(rig: Rig) -> None:
    with rig.board("dev-1", main=MAIN) as board:
        board.power_on()
        board.expect("alink: the ProductSecret is still on this board")
        board.expect("connected")
        assert traces(board, rig.product_secret) == ["raw"]


def test_stock_layout_keeps_the_secret(rig: Rig) -> None:
    with rig.board("dev-1", layout="stock", main=MAIN) as board:
        board.power_on()
        board.expect("an untouched partition table keeps old copies; use layout factory")
        board.expect("connected")


def test_gateway_keeps_its_sub_products(rig: Rig) -> None:
    sub = (SubProduct("a1Sub", "SubSecret0000001"),)
    with make(rig, sub_products=sub) as board:
        board.power_on()
        board.expect(GATEWAY)
        assert traces(board, rig.product_secret) == ["raw"]
