"""A board disconnects and finds its messages when it is back; messages that come twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault
from tests.sim.conftest import Rig, until_waiting
from tests.sim.session.test_thing import online
from tests.waiting import eventually


def ends(rig: Rig, count: int) -> list[str]:
    """Return why sessions ended, once this many have."""

    def reasons() -> list[str]:
        found = [event.reason for event in rig.platform.events(kind="offline")]
        return found if len(found) >= count else []

    return eventually(reasons)


CANCELLED = """
import asyncio
from alink import Device

device = Device.from_flash()

async def main():
    task = asyncio.create_task(device.run())
    while not device.online():
        await asyncio.sleep_ms(10)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled", device.online())
    again = asyncio.create_task(device.run())
    while not device.online():
        await asyncio.sleep_ms(10)
    print("ready", device.online())
    again.cancel()
    await asyncio.sleep_ms(0)

asyncio.run(main())
"""


def test_cancelled_run_closes_and_runs_again(rig: Rig) -> None:
    with online(rig, CANCELLED) as board:
        assert board.wait() == "halted"
        said = [printed.text for printed in board.lines]
        assert "cancelled 0" in said
        assert "ready 2" in said
    assert ends(rig, 2) == ["the device said DISCONNECT"] * 2


CLOSED = """
from alink import Device

device = Device.from_flash()
device.connect()
device.close()
print("closed", device.online())
device.connect()
print("ready", device.online())
device.close()
"""


def test_close_disconnects_and_connect_works_again(rig: Rig) -> None:
    with online(rig, CLOSED) as board:
        assert board.wait() == "halted"
        assert "closed 0" in [printed.text for printed in board.lines]
    assert ends(rig, 2) == ["the device said DISCONNECT"] * 2


SLEEPS = """
import machine
from alink import Device

memory = machine.RTC().memory()
wakes = memory[0] + 1 if machine.reset_cause() == machine.DEEPSLEEP_RESET else 0
print("wakes", wakes)
machine.RTC().memory(bytes((wakes,)))
device = Device.from_flash()
device.connect()
device.post_properties({"wakes": wakes}, on_reply=lambda *reply: device.sleep(600000))
device.loop()
"""


@pytest.mark.parametrize("method", ["register", "regnwl"])
def test_deep_sleep_wakes_without_registration(
    make_rig: Callable[..., Rig], clock: ManualClock, method: str
) -> None:
    rig = make_rig(clock=clock)
    board = rig.board(
        "dev-1",
        main=SLEEPS,
        method=method,
        register=method == "register",
    )
    with board:
        board.power_on()
        for wakes in range(3):
            board.expect(f"wakes {wakes}")
            board.expect("alink: online at ")
            until_waiting(board, clock, at_least=500)
            properties = rig.platform.console.device(rig.product_key, "dev-1").properties
            assert properties == {"wakes": wakes}
            clock.advance(601)
    kinds = rig.kinds("dev-1")
    assert kinds.count("registered") == 1
    assert ends(rig, 3)[:3] == ["the device said DISCONNECT"] * 3
    assert not [said.text for said in board.lines if "clock set" in said.text][1:]


TWICE = """
from alink import Device

device = Device.from_flash()

def take(topic, payload):
    print("got", payload, device.is_duplicate())

device.subscribe("user/get", take)
device.connect()
print("ready")
device.loop()
"""


def test_duplicate_message_is_delivered_and_marked(rig: Rig) -> None:
    rig.platform.faults.add(Fault.duplicate("publish"), device="dev-1", connection=2)
    with online(rig, TWICE) as board:
        rig.platform.expect("subscribed", device_name="dev-1")
        topic = f"/{rig.product_key}/dev-1/user/get"
        rig.platform.cloud.send(rig.product_key, "dev-1", topic, b"once", qos=1)
        board.expect("got b'once' False")
        board.expect("got b'once' True")
        rig.platform.cloud.send(rig.product_key, "dev-1", topic, b"at 0", qos=0)
        board.expect("got b'at 0' False")
