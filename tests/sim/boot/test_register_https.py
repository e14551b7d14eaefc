"""A board registers over HTTPS, onto the same credential; a refusal has the platform's code."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from alink_sim.platform import Settings
from tests.platform.http_requests import FORM, form, post
from tests.sim.conftest import Rig, until_waiting

ONLINE = re.compile(r"^alink: online at ")
POSTED = re.compile(r"^alink: property post 1 answered: 200")


def _board(rig: Rig, **options: object) -> Board:
    return rig.board("dev-1", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", ["factory", "stock"])
def test_board_registers_over_https_once(rig: Rig, layout: str) -> None:
    board = _board(rig, layout=layout, method="https")
    with board:
        board.power_on()
        board.expect("alink: registered by https")
        board.expect("alink: credential stored in ")
        board.expect(POSTED)
        board.press_reset()
        board.expect(POSTED)
    registered = rig.platform.expect("registered", device_name="dev-1", timeout=0)
    assert registered.detail == {"method": "register", "via": "https"}
    assert rig.kinds("dev-1").count("registered") == 1


def test_https_boot_fits_in_first_heap_area(rig: Rig) -> None:
    with rig.board("dev-1", method="https") as board:  # 56 KiB, stand-ins included.
        board.power_on()
        board.expect(POSTED)


def test_method_setting_keeps_a_stored_credential(rig: Rig) -> None:
    main = """
from alink import Device
device = Device.from_flash(method="https")
device.connect()
device.loop()
"""
    with _board(rig, main=main) as board:
        board.power_on()
        board.expect("alink: registered by https")
        board.expect(ONLINE)
        board.press_reset()
        board.expect("with a credential")
        board.expect(ONLINE)


def _online_before(rig: Rig) -> None:
    rig.platform._runner.change(
        lambda registry: registry.log_in(registry.device(rig.product_key, "dev-1"), None, now=0)
    )


# Code: the wrong field, the event on the platform, the advice of the board.
REFUSALS: dict[int, tuple[dict[str, str], Callable[[Rig], object], str]] = {
    6100: (
        {},
        lambda rig: rig.platform.console.remove_device(rig.product_key, "dev-1"),
        "add the DeviceName in the console first",
    ),
    6204: (
        {},
        lambda rig: rig.platform.console.disable_device(rig.product_key, "dev-1"),
        "enable the device in the console",
    ),
    6250: ({"product_key": "a1Unknown00"}, lambda _: None, "check ProductKey and Region"),
    6288: (
        {},
        lambda rig: rig.platform.console.set_dynamic_registration(rig.product_key, False),
        "switch dynamic registration of the product on",
    ),
    6289: ({}, _online_before, "reset it in the console, or burn its DeviceSecret"),
    6600: ({"product_secret": "WrongSecret00000"}, lambda _: None, "the ProductSecret is wrong"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_refusal_names_code_and_advice(rig: Rig, code: int) -> None:
    burned, before, advice = REFUSALS[code]
    with _board(rig, method="https", **burned) as board:
        before(rig)
        board.power_on()
        said = board.expect(f"over HTTPS refused, code {code} ").text
        assert advice in said
        assert board.wait() == "crashed"  # The program did not catch the RefusedError.
    assert "WrongSecret00000" not in "".join(one.text for one in board.lines)
    event = rig.platform.expect("registration_refused", timeout=0)
    assert event.code == code


def test_throttled_board_retries(make_rig: Callable[..., Rig], tmp_path: Path) -> None:
    clock = ManualClock(tmp_path / "clock")
    rig = make_rig(clock=clock, settings=Settings(rates="documented"))
    board = _board(rig, method="https")
    asked = form(rig.product_key, "dev-1", rig.product_secret)
    for _ in range(5):
        assert post(rig.platform, "/auth/register/device", asked, FORM)["code"] == 200
    with board:
        board.power_on()
        # The wait is longer if a connection was lost before.
        rig.driver.expect(board, "code 429 (too many requests): it asks too often; next try in ")
        until_waiting(board, clock, at_least=20)
        clock.advance(61)
        rig.driver.expect(board, "alink: registered by https")
        board.expect(ONLINE)
    clock.close()


@pytest.mark.simulated("hosts of the vendor lead to the platform")
@pytest.mark.parametrize(
    ("burned", "said"),
    [
        ({"ca": ()}, "has an unknown issuer"),
        ({"https_host": "elsewhere.aliyuncs.com:%d"}, "is for another host"),
    ],
)
def test_https_server_certificate_is_verified(
    rig: Rig, burned: dict[str, object], said: str
) -> None:
    if "https_host" in burned:
        burned = {"https_host": str(burned["https_host"]) % rig.platform.https_port}
    with _board(rig, method="https", **burned) as board:
        board.power_on()
        text = board.expect("alink: not registered: ").text
    assert f"the certificate of {board_host(rig, burned)} " in text
    assert said in text


def board_host(rig: Rig, burned: dict[str, object]) -> object:
    return burned.get("https_host", rig.https_host)
