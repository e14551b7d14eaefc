"""Two boards with one DeviceName: the alert, and what Switch and Clear do under each policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.board import Board
from tests.sim.conftest import Rig


def _online(rig: Rig, folder: str, policy: str) -> tuple[Board, str]:
    """Return a board called dev-1 that is online, and its ClientID."""
    main = f"""
from alink import Device
device = Device.from_flash(policy={policy!r})
device.connect()
device.loop()
"""
    board = Board.create(
        rig.folder / folder,
        interpreter=rig.interpreter,
        identity=rig.identity("dev-1", method="regnwl"),
        files=rig.board(f"unused-{folder}", main=main).files,
    )
    board.power_on()
    board.expect("alink: online at ")
    return board, rig.platform.console.device(rig.product_key, "dev-1").client_ids[-1].client_id


def _refused_after(rig: Rig, board: Board, measure: Callable[[], object], reason: str) -> None:
    """Take a measure; the board's session ends at once and its next login is refused."""
    measure()
    ended = rig.platform.expect("offline", device_name="dev-1", timeout=0)
    assert ended.reason == reason
    board.expect("alink: offline: ")
    board.expect("alink: login refused, CONNACK 4")


def test_second_board_of_one_name_raises_alert(rig: Rig) -> None:
    one, _ = _online(rig, "one", "retry")
    with one:
        assert "client_id_alert" not in rig.kinds("dev-1")
        two, _ = _online(rig, "two", "retry")
        with two:
            alert = rig.platform.expect("client_id_alert", device_name="dev-1", timeout=0)
            said = "2 ClientIDs may connect at the same time: switch to one, or clear all"
            assert alert.reason == said
            assert rig.platform.console.device(rig.product_key, "dev-1").alert == said
            assert len(rig.platform.console.devices(rig.product_key)) == 3  # Two are only burned.


@pytest.mark.parametrize("policy", ["retry", "stop", "reregister"])
def test_switch_keeps_one_board_online(rig: Rig, policy: str) -> None:
    one, kept = _online(rig, "one", "retry")
    two, _ = _online(rig, "two", policy)
    with one, two:
        key, platform = rig.product_key, rig.platform
        _refused_after(
            rig,
            two,
            lambda: platform.console.switch_client_id(key, "dev-1", kept),
            "another ClientID was chosen",
        )
        refused = platform.expect("login_refused", device_name="dev-1", timeout=0)
        assert refused.reason == "another ClientID of this DeviceName was chosen"
        if policy == "stop":
            assert two.wait() == "crashed"
        elif policy == "reregister":
            two.expect("alink: registered by regnwl")
            two.expect("alink: online at ")
        device = platform.console.device(key, "dev-1")
        assert [one.blocked for one in device.client_ids[:2]] == [False, True]
        assert len(device.client_ids) == (3 if policy == "reregister" else 2)
        assert bool(device.alert) == (policy == "reregister")
        assert "alink: offline" not in "".join(line.text for line in one.lines)


@pytest.mark.parametrize("policy", ["retry", "reregister"])
def test_clear_ends_every_board_of_the_name(rig: Rig, policy: str) -> None:
    one, _ = _online(rig, "one", policy)
    with one:
        _refused_after(
            rig,
            one,
            lambda: rig.platform.console.clear_client_ids(rig.product_key, "dev-1"),
            "its ClientIDs were cleared",
        )
        if policy == "reregister":
            one.expect("alink: online at ")
    device = rig.platform.console.device(rig.product_key, "dev-1")
    assert len(device.client_ids) == (1 if policy == "reregister" else 0)
    assert rig.kinds("dev-1").count("registered") == (2 if policy == "reregister" else 1)
