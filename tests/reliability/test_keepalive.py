"""What may hold a session up and costs it no keepalive: slow handlers, a peer that dribbles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from alink_sim.platform import Fault
from tests.sim.conftest import Rig, until_waiting

SLOW = """
import time
from alink import Device

device = Device.from_flash(keepalive=60)

def slow(topic, payload):
    print("begun", payload)
    time.sleep(5)
    print("done", payload)

device.subscribe("user/slow", slow)
device.connect()
print("ready")
device.loop()
"""

BLOCKING = """
from alink import Device

device = Device.from_flash(keepalive=30)
device.subscribe("user/slow", lambda topic, payload: print("got", payload))
device.connect()
print("ready")
device.loop()
"""

ASYNCHRONOUS = """
import asyncio
from alink import Device

device = Device.from_flash(keepalive=30)
device.subscribe("user/slow", lambda topic, payload: print("got", payload))

async def tick():
    while not device.online():
        await asyncio.sleep(0.1)
    print("ready")
    while True:
        await asyncio.sleep(1)
        print("tick")

async def main():
    await asyncio.gather(device.run(), tick())

asyncio.run(main())
"""

PING_AFTER = 48  # Seconds: 0.8 of a keepalive of 60; the platform cuts after 90.


def start(rig: Rig, main: str, **burned: Any) -> Board:
    board = rig.board("dev-1", main=main, **burned)
    board.power_on()
    return board


def send(rig: Rig, payload: bytes) -> None:
    topic = f"/{rig.product_key}/dev-1/user/slow"
    sent = rig.platform.cloud.send(rig.product_key, "dev-1", topic, payload)
    assert sent == 1, [str(event) for event in rig.platform.events()[-3:]]


def still_online(rig: Rig) -> bool:
    kinds = rig.kinds("dev-1")
    return kinds.count("online") == 1 and "offline" not in kinds


@pytest.mark.parametrize("begun_at", [1, 45])
def test_five_second_handler_keeps_session_alive(
    make_rig: Callable[..., Rig], clock: ManualClock, begun_at: int
) -> None:
    # At 45 the ping falls due in the middle of the handler.
    rig = make_rig(clock=clock)
    with start(rig, SLOW) as board:
        board.expect("ready")
        for number in range(8):
            until_waiting(board, clock, at_least=11)  # No ping is on its way.
            clock.advance(begun_at)
            send(rig, b"%d" % number)
            board.expect(f"begun b'{number}'")
            until_waiting(board, clock, at_least=4)
            clock.advance(5)
            board.expect(f"done b'{number}'")
            until_waiting(board, clock, at_least=11)
            clock.advance(max(0.0, PING_AFTER + 0.5 - begun_at - 5))
        until_waiting(board, clock, at_least=11)
        assert still_online(rig)


def test_three_slow_handlers_keep_session_alive(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    # Together they take longer than the ten seconds that a PINGRESP may.
    rig = make_rig(clock=clock)
    with start(rig, SLOW) as board:
        board.expect("ready")
        for _ in range(4):
            until_waiting(board, clock, at_least=11)
            clock.advance(45)
            for number in range(3):
                send(rig, b"%d" % number)
            for number in range(3):
                board.expect(f"begun b'{number}'")
                until_waiting(board, clock, at_least=4)
                clock.advance(5)
            board.expect("done b'2'")
        until_waiting(board, clock, at_least=11)
        assert still_online(rig)


@pytest.mark.parametrize("main", [BLOCKING, ASYNCHRONOUS])
def test_slow_incoming_bytes_keep_session_alive(
    make_rig: Callable[..., Rig], clock: ManualClock, main: str
) -> None:
    rig = make_rig(clock=clock)
    rig.platform.faults.add(Fault.dribble("publish", seconds=2))
    secret = rig.platform.console.add_device(rig.product_key, "dev-1").secret
    with start(rig, main, device_secret=secret) as board:  # No registration, nothing pushed.
        rig.driver.expect(board, "ready")
        rig.platform.expect("subscribed", device_name="dev-1")
        send(rig, b"x" * 20)
        seconds = 0
        while not any(said.text.startswith("got") for said in board.lines):
            until_waiting(board, clock)
            clock.advance(1)
            seconds += 1
            assert seconds < 300
        assert seconds > 45, "the platform would have cut a device that sent nothing"
        assert still_online(rig)
        if main is ASYNCHRONOUS:
            ticks = sum(said.text == "tick" for said in board.lines)
            # Each sleep begins a little after the last one's end, on a clock that goes in seconds.
            assert ticks >= 0.9 * seconds, "another task stood still"
