"""A board becomes itself: every method and layout, on both builds of the interpreter."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from alink_sim.board.heap import beside_standins
from alink_sim.platform import Settings
from tests.sim.conftest import PATIENCE, Line

Make = Callable[..., Line]
ONLINE = re.compile(r"^alink: online at ")
POSTED = re.compile(r"^alink: property post 1 answered: 200")


@pytest.mark.parametrize("layout", ["factory", "stock"])
@pytest.mark.parametrize("method", ["register", "regnwl"])
def test_a_board_registers_once_and_logs_in_for_ever(line: Line, layout: str, method: str) -> None:
    board = line.board("dev-1", layout=layout, method=method, register=method == "register")
    board.power_on()
    board.expect("alink: clock set to ", timeout=PATIENCE)
    board.expect(f"alink: registered by {method}", timeout=PATIENCE)
    board.expect("alink: credential stored in ", timeout=PATIENCE)
    board.expect(ONLINE, timeout=PATIENCE)
    board.expect(POSTED, timeout=PATIENCE)
    for _ in range(2):
        board.press_reset()
        board.expect(ONLINE, timeout=PATIENCE)
        board.expect(POSTED, timeout=PATIENCE)
    board.power_off()
    board.power_on()
    board.expect(POSTED, timeout=PATIENCE)
    board.power_off()
    assert line.kinds("dev-1").count("registered") == 1
    assert line.platform.device(line.product_key, "dev-1").activated


def test_a_board_comes_online_whatever_the_open_questions_are(make_line: Make) -> None:
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
    line = make_line(settings=settings)
    board = line.board("dev-1", method="regnwl", register=False)
    board.power_on()
    board.expect("alink: registered by regnwl", timeout=PATIENCE)
    board.expect(ONLINE, timeout=PATIENCE)
    board.expect(POSTED, timeout=PATIENCE)
    board.press_reset()
    board.expect(POSTED, timeout=PATIENCE)


def test_a_first_boot_leaves_room_in_the_first_heap_area(line: Line) -> None:
    # 2 KiB less than the area has, stand-ins included: a longer path or name costs no board.
    heap = f"{(56 * 1024 - 2048) * line.interpreter.word_bits // 32}"
    board = line.board("dev-1", heap=heap)
    board.power_on()
    board.expect(POSTED, timeout=PATIENCE)


def test_a_credential_is_in_both_places(line: Line) -> None:
    board = line.board("dev-1")
    board.power_on()
    board.expect("alink: credential stored in cred and nvs", timeout=PATIENCE)


def test_a_board_with_its_own_device_secret_never_registers(line: Line) -> None:
    device = line.platform.add_device(line.product_key, "dev-1")
    board = line.board("dev-1", product_secret="", device_secret=device.secret)
    board.power_on()
    board.expect(POSTED, timeout=PATIENCE)
    assert "registered" not in line.kinds("dev-1")


@pytest.mark.parametrize("sign_method", ["hmacmd5", "hmacsha1", "hmacsha256"])
def test_every_sign_method_registers_and_logs_in(line: Line, sign_method: str) -> None:
    board = line.board("dev-1", sign_method=sign_method)
    board.power_on()
    board.expect(POSTED, timeout=PATIENCE)


def test_a_product_without_instance_is_reached_by_its_own_host(line: Line) -> None:
    board = line.board("dev-1", instance_id="", region="cn-shanghai")
    board.power_on()
    online = board.expect(ONLINE, timeout=PATIENCE)
    host = f"{line.product_key}.iot-as-mqtt.cn-shanghai.aliyuncs.com"
    assert host in online.text
    board.expect(POSTED, timeout=PATIENCE)


def test_the_sniffing_port_takes_tls_too(line: Line) -> None:
    board = line.board("dev-1", port=line.platform.mqtt_port)
    board.power_on()
    board.expect(POSTED, timeout=PATIENCE)


def test_asyncio_beside_a_users_task(line: Line) -> None:
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
    # asyncio takes 5 KiB more, so here the stand-ins get heap of their own.
    board = line.board("dev-1", main=main, heap=beside_standins(line.interpreter))
    board.power_on()
    board.expect("user task ran", timeout=PATIENCE)
    board.expect("reply 1 200", timeout=PATIENCE)
    board.expect("cancelled 0", timeout=PATIENCE)
    assert board.wait(timeout=PATIENCE) == "halted"
