"""A board becomes itself: every method and layout, on both builds of the interpreter."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from alink_sim.clock import SystemClock
from alink_sim.platform import Instance, Settings
from tests.sim.conftest import Rig

Make = Callable[..., Rig]
ONLINE = re.compile(r"^alink: online at ")
POSTED = re.compile(r"^alink: property post 1 answered: 200")


@pytest.mark.simulated("its clock starts in 2000 at each power-on")
@pytest.mark.parametrize("layout", ["factory", "stock"])
@pytest.mark.parametrize("method", ["register", "regnwl"])
def test_board_registers_once_and_logs_in_again(rig: Rig, layout: str, method: str) -> None:
    board = rig.board("dev-1", layout=layout, method=method, register=method == "register")
    board.power_on()
    board.expect("alink: clock set to ")
    board.expect(f"alink: registered by {method}")
    board.expect("alink: credential stored in ")
    board.expect(ONLINE)
    board.expect(POSTED)
    for _ in range(2):
        board.press_reset()
        board.expect(ONLINE)
        board.expect(POSTED)
    board.power_off()
    board.power_on()
    board.expect(POSTED)
    board.power_off()
    assert rig.kinds("dev-1").count("registered") == 1
    assert rig.platform.console.device(rig.product_key, "dev-1").activated


def test_board_comes_online_under_other_platform_settings(make_rig: Make) -> None:
    settings = Settings(
        registration_securemode="documented",
        regnwl_topic="/ext/register",
        push_qos=1,
        push_seconds=1,
        client_id_length=64,
        device_token_length=64,
        connwl_over_tcp=False,
        auto_deliver="never",
        default_ack=0,
    )
    rig = make_rig(settings=settings)
    board = rig.board("dev-1", method="regnwl", register=False)
    board.power_on()
    board.expect("alink: registered by regnwl")
    board.expect(ONLINE)
    board.expect(POSTED)
    board.press_reset()
    board.expect(POSTED)


@pytest.mark.parametrize("layout", ["factory", "stock"])
def test_first_boot_fits_in_first_heap_area(make_rig: Make, layout: str) -> None:
    rig = make_rig(clock=SystemClock())  # A clock in a file takes some heap.
    # Stand-ins included, 22,100 bytes of them on 32 bit that a chip does not pay. The spare bytes
    # are for a longer path or name. The 621st name takes 4.6 KiB: see `micropython.qstr_info()`.
    heap = f"{(56 - 2) * 1024 * rig.interpreter.word_bits // 32}"
    board = rig.board("dev-1", layout=layout, heap=heap)
    board.power_on()
    board.expect(POSTED)


@pytest.mark.simulated("it has the layout factory")
def test_credential_is_stored_in_two_copies(rig: Rig) -> None:
    board = rig.board("dev-1")
    board.power_on()
    board.expect("alink: credential stored in cred and nvs")


def test_board_with_device_secret_never_registers(rig: Rig) -> None:
    device = rig.platform.console.add_device(rig.product_key, "dev-1")
    board = rig.board("dev-1", product_secret="", device_secret=device.secret)
    board.power_on()
    board.expect(POSTED)
    assert "registered" not in rig.kinds("dev-1")


@pytest.mark.parametrize("sign_method", ["hmacmd5", "hmacsha1", "hmacsha256"])
def test_every_sign_method_registers_and_logs_in(rig: Rig, sign_method: str) -> None:
    board = rig.board("dev-1", sign_method=sign_method)
    board.power_on()
    board.expect(POSTED)


@pytest.mark.simulated("hosts of the vendor lead to the platform")
def test_product_without_instance_uses_regional_host(rig: Rig) -> None:
    rig.platform.console.set_instance(rig.product_key, Instance("", "old_public"))
    board = rig.board("dev-1", instance_id="", region="cn-shanghai")
    board.power_on()
    online = board.expect(ONLINE)
    host = f"{rig.product_key}.iot-as-mqtt.cn-shanghai.aliyuncs.com"
    assert host in online.text
    board.expect(POSTED)


def test_shared_port_accepts_tls(rig: Rig) -> None:
    board = rig.board("dev-1", port=rig.platform.mqtt_port)
    board.power_on()
    board.expect(POSTED)


def test_run_works_beside_another_asyncio_task(rig: Rig) -> None:
    main = """
import asyncio
from alink import Device

async def user():
    for n in range(3):
        await asyncio.sleep_ms(10)
    print("user task ran")

async def main():
    device = Device.from_flash()
    device.on_reply = lambda number, code, text: print("reply", number, code)
    task = asyncio.create_task(device.run())
    await user()
    while not device.online():
        await asyncio.sleep_ms(10)
    device.post_properties({"temperature": 1})
    await asyncio.sleep_ms(500)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled", device.online())

asyncio.run(main())
"""
    # asyncio takes 5 KiB more, so here the stand-ins get separate heap.
    board = rig.board("dev-1", main=main)
    board.power_on()
    board.expect("user task ran")
    board.expect("reply 1 200")
    board.expect("cancelled 0")
    assert board.wait() == "halted"
