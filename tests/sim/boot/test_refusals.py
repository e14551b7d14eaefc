"""A board that is refused, or cannot ask, says why in one line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.board import Board
from alink_sim.platform import Instance
from tests.sim.conftest import INSTANCE, Rig


def _refusal(board: Board) -> str:
    board.power_on()
    return board.expect("alink: registration of ").text


def _assert_refused(rig: Rig, text: str, reason: int) -> None:
    assert "refused, CONNACK 4" in text
    assert rig.product_secret not in text
    events = rig.platform.events(device_name="dev-1")
    refused = [event for event in events if event.kind == "registration_refused"]
    assert [event.code for event in refused] == [reason]


def test_wrong_product_secret_is_reported(rig: Rig) -> None:
    text = _refusal(rig.board("dev-1", product_secret="WrongSecret12345"))
    _assert_refused(rig, text, 6600)


def test_unregistered_device_name_is_reported(rig: Rig) -> None:
    text = _refusal(rig.board("dev-1", register=False))
    _assert_refused(rig, text, 6100)


def test_disabled_dynamic_registration_is_reported(
    make_rig: Callable[..., Rig],
) -> None:
    rig = make_rig(dynamic_registration=False)
    text = _refusal(rig.board("dev-1"))
    _assert_refused(rig, text, 6288)


def test_activated_device_name_is_reported(rig: Rig) -> None:
    first = rig.board("dev-1")
    first.power_on()
    first.expect("alink: online at ")
    first.power_off()
    second = Board.create(
        rig.folder / "second",
        interpreter=rig.interpreter,
        layout="factory",
        identity=rig.identity("dev-1"),
        files=first.files,
    )
    text = _refusal(second)
    _assert_refused(rig, text, 6289)


def test_board_without_certificate_says_so(rig: Rig) -> None:
    board = Board.create(
        rig.folder / "empty",
        interpreter=rig.interpreter,
        layout="factory",
        identity=None,
        files=rig.board("other").files,
    )
    board.power_on()
    text = board.expect("are missing").text
    assert "ProductKey, ProductSecret and DeviceName are missing: nothing is burned" in text


def _cleared(rig: Rig, policy: str) -> Board:
    """Return a running board whose ClientID was cleared while it was off."""
    main = f"""
from alink import Device
device = Device.from_flash(policy={policy!r})
device.connect()
device.loop()
"""
    board = rig.board("dev-1", method="regnwl", register=False, main=main)
    board.power_on()
    board.expect("alink: online at ")
    board.power_off()
    rig.platform.console.clear_client_ids(rig.product_key, "dev-1")
    board.power_on()
    board.expect("alink: login refused, CONNACK 4")
    return board


def test_policy_retry_never_registers_again(rig: Rig) -> None:
    with _cleared(rig, "retry"):
        assert rig.kinds("dev-1").count("registered") == 1


def test_policy_stop_raises_a_refused_login(rig: Rig) -> None:
    with _cleared(rig, "stop") as board:
        assert board.wait() == "crashed"
    assert rig.kinds("dev-1").count("registered") == 1


def test_policy_reregister_erases_the_credential(rig: Rig) -> None:
    with _cleared(rig, "reregister") as board:
        board.expect("alink: registered by regnwl")
        board.expect("alink: online at ")
    assert len(rig.platform.console.device(rig.product_key, "dev-1").client_ids) == 1


def test_board_without_product_secret_never_registers_again(rig: Rig) -> None:
    secret = rig.platform.console.add_device(rig.product_key, "dev-1").secret
    main = 'from alink import Device\nDevice.from_flash(policy="reregister").connect()\n'
    board = rig.board("dev-1", register=False, main=main, product_secret="", device_secret=secret)
    rig.platform.console.disable_device(rig.product_key, "dev-1")
    with board:
        board.power_on()
        board.expect("without a ProductSecret the board cannot register again: enable the device")
        assert board.wait() == "crashed"
    assert rig.kinds("dev-1") == ["login_refused"]


@pytest.mark.parametrize(
    ("region", "instance_id", "says"),
    [
        ("eu-central-1", INSTANCE, "Region is eu-central-1, InstanceId is iot-test0001"),
        ("cn-shanghai", "", "Region is cn-shanghai, InstanceId is missing"),
    ],
)
def test_board_names_wrong_certificate_before_dialing(
    rig: Rig, region: str, instance_id: str, says: str
) -> None:
    board = rig.board(
        "dev-1", method="regnwl", register=False, region=region, instance_id=instance_id
    )
    with board:
        board.power_on()
        said = board.expect("StoreError: Method is regnwl, which needs an enterprise instance")
        assert says in said.text
        assert board.wait() == "crashed"
    assert rig.kinds("dev-1") == []


def test_regnwl_refusal_names_the_instance_rule(rig: Rig) -> None:
    rig.platform.console.set_instance(rig.product_key, Instance(INSTANCE, "public"))
    board = rig.board("dev-1", method="regnwl", register=False)
    with board:
        text = _refusal(board)
    assert "refused, CONNACK 4" in text
    assert "regnwl needs an enterprise instance in cn-shanghai or cn-beijing" in text
    refused = rig.platform.expect("registration_refused", device_name="dev-1", timeout=0)
    assert refused.reason.endswith("this is the public instance iot-test0001 in cn-shanghai")
