"""A board reports over HTTPS alone: registered, stored, sent."""

from __future__ import annotations

from alink_sim.board import Board
from alink_sim.board.heap import beside_standins
from tests.sim.conftest import PATIENCE, Line

REPORTS = """
from alink.http_channel import HttpChannel

channel = HttpChannel.from_flash()
channel.connect()
print("message", channel.post_properties({"temperature": 21.5}))
print("message", channel.publish("user/update", b"hello"))
"""


def _board(line: Line, **fields: object) -> Board:
    heap = beside_standins(line.interpreter)
    return line.board("dev-1", main=REPORTS, heap=heap, **fields)  # type: ignore[arg-type]


def test_a_board_registers_and_reports_over_https_alone(line: Line) -> None:
    with _board(line, method="https") as board:
        board.power_on()
        board.expect("alink: credential stored in ", timeout=PATIENCE)
        board.expect("message 8926", timeout=PATIENCE)
        board.expect("message 8926", timeout=PATIENCE)
        assert line.platform.device(line.product_key, "dev-1").properties == {"temperature": 21.5}
        published = line.platform.expect("published", device_name="dev-1", timeout=0)
        assert published.detail["topic"] == f"/{line.product_key}/dev-1/user/update"
    assert line.kinds("dev-1").count("registered") == 1
    assert "online" not in line.kinds("dev-1")


def test_a_board_with_a_device_token_is_told_that_it_cannot(line: Line) -> None:
    with _board(line, method="regnwl", register=False) as board:
        board.power_on()
        board.expect("StoreError: the HTTPS channel signs with a DeviceSecret", timeout=PATIENCE)
