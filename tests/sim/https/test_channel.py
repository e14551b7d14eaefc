"""A board reports over HTTPS alone: registered, stored, sent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from alink_sim.platform import Listen, Platform, Settings
from tests.sim.conftest import Rig, until_waiting

REPORTS = """
from alink.http_channel import HttpChannel

channel = HttpChannel.from_flash()
channel.connect()
print("message", channel.post_properties({"temperature": 21.5}))
print("message", channel.publish("user/update", b"hello"))
"""

HOURLY = """
import time
from alink import RefusedError
from alink.http_channel import HttpChannel

channel = HttpChannel.from_flash()
channel.connect()
while True:
    try:
        print("message", channel.post_properties({"temperature": 21.5}))
    except RefusedError as error:
        print("failed", error)
    time.sleep(3600)
"""


def _board(rig: Rig, main: str = REPORTS, **fields: object) -> Board:
    return rig.board("dev-1", main=main, **fields)  # type: ignore[arg-type]


def test_board_registers_and_posts_over_https(rig: Rig) -> None:
    with _board(rig, method="https") as board:
        board.power_on()
        board.expect("alink: credential stored in ")
        board.expect("message 8926")
        board.expect("message 8926")
        assert rig.platform.console.device(rig.product_key, "dev-1").properties == {
            "temperature": 21.5
        }
        published = rig.platform.expect("published", device_name="dev-1", timeout=0)
        assert published.detail["topic"] == f"/{rig.product_key}/dev-1/user/update"
    assert rig.kinds("dev-1").count("registered") == 1
    assert "online" not in rig.kinds("dev-1")


def test_device_token_is_refused_with_a_reason(rig: Rig) -> None:
    with _board(rig, method="regnwl", register=False) as board:
        board.power_on()
        board.expect("StoreError: the HTTPS channel signs with a DeviceSecret")


def _renewed(rig: Rig, board: Board, clock: ManualClock, answer: int) -> None:
    """Let an hour pass; the next message is refused with this code, and sent with a new token."""
    until_waiting(board, clock, at_least=3000)
    clock.advance(3600)
    rig.driver.expect(board, "message 8926")
    happened = [event for event in rig.platform.events() if event.detail.get("via") == "https"]
    refusal, issued = happened[-2:]
    assert (refusal.kind, refusal.detail["answer"]) == ("publish_refused", answer)
    assert issued.kind == "token_issued"
    assert rig.platform.events(kind="property_posted")[-1].time >= issued.time


def test_expired_token_is_renewed(make_rig: Callable[..., Rig], clock: ManualClock) -> None:
    rig = make_rig(clock=clock, settings=Settings(http_token_seconds=3600))
    with _board(rig, HOURLY, method="https") as board:
        board.power_on()
        rig.driver.expect(board, "message 8926")
        for _ in range(2):
            _renewed(rig, board, clock, 20001)
    assert len(rig.platform.events(kind="property_posted")) == 3
    assert rig.kinds("dev-1").count("registered") == 1


def test_token_forgotten_by_restarted_platform_is_renewed(
    make_rig: Callable[..., Rig], clock: ManualClock, tmp_path: Path, iot_ca: Path
) -> None:
    rig = make_rig(clock=clock)
    with _board(rig, HOURLY, method="https") as board:
        board.power_on()
        rig.driver.expect(board, "message 8926")
        until_waiting(board, clock, at_least=3000)
        rig.platform.stop()
        port = rig.platform.https_port
        with Platform(
            state=tmp_path / "platform",
            ca=iot_ca,
            clock=clock,
            listen=Listen(https_port=port),
        ) as restarted:
            rig.platform = restarted
            _renewed(rig, board, clock, 20003)
    assert rig.kinds("dev-1") == ["token_issued", "property_posted"]


def test_revoked_token_is_renewed_after_enable(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    with _board(rig, HOURLY, method="https") as board:
        board.power_on()
        rig.driver.expect(board, "message 8926")
        rig.platform.console.disable_device(rig.product_key, "dev-1")
        until_waiting(board, clock, at_least=3000)
        clock.advance(3600)
        rig.driver.expect(board, "over HTTPS refused, code 20000 (auth check error): see in the")
        refusals = rig.platform.events()[-2:]
        assert [one.detail["answer"] for one in refusals] == [20003, 20000]
        rig.platform.console.enable_device(rig.product_key, "dev-1")
        until_waiting(board, clock, at_least=3000)
        clock.advance(3600)
        rig.driver.expect(board, "message 8926")
    assert rig.kinds("dev-1").count("token_issued") == 2
    assert rig.kinds("dev-1").count("registered") == 1
