"""The heap that boot.py grows once, and the way back of a board whose heap grew by itself."""

from __future__ import annotations

from collections.abc import Callable

from alink_sim.clock import ManualClock
from tests.sim.conftest import Rig

NO_GROWTH = {"/boot.py": b""}
# Data of an application. Without a growth, 26 KB keep it from registering (test_sessions.py).
BALLAST = """
ballast = [bytearray(1000) for _ in range(%d)]
from alink import Device
device = Device.from_flash(%s)
device.connect()
device.post_properties({"temperature": 21.5})
device.poll(100)
import alink.memory
alink.memory.state()
print("state told")
device.loop()
"""
# Data that come once it is online make the heap grow.
GROWS = """
from alink import Device
device = Device.from_flash()
device.connect()
ballast = [bytearray(1000) for _ in range(36)]
device.close()
device.loop()
"""
MARK = """
import machine
print("rtc", machine.RTC().memory())
"""


def test_grown_heap_keeps_an_application_online(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    board = rig.board("dev-1", main=BALLAST % (28, ""), heap="chip")
    board.power_on()
    rig.driver.expect(board, "state told")
    lines = [line.text for line in board.lines]
    assert lines[0].startswith("alink: the heap has grown by 1")
    assert any(" bytes left; ESP-IDF has 4" in line for line in lines)
    assert "grown once to 7" in lines[-4]
    assert lines[-2].endswith("they are there")
    assert rig.kinds("dev-1").count("registered") == 1


def test_board_whose_heap_grew_comes_back_by_reset(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    boards = {
        "registered": rig.board("dev-1", main=MARK + GROWS, files=NO_GROWTH, heap="chip"),
        "new": rig.board("dev-2", main=MARK + BALLAST % (28, ""), files=NO_GROWTH, heap="chip"),
    }
    main = BALLAST % (28, 'out_of_memory="raise"')
    raising = rig.board("dev-3", main=main, files=NO_GROWTH, heap="chip")
    for board in (*boards.values(), raising):
        board.power_on()
    rig.driver.expect(raising, "MemoryShortError: the connection to ")
    for board in boards.values():
        rig.driver.expect(board, "and no connect works: reset")
        rig.driver.expect(board, "rtc b'alink\\x01'")
    assert rig.kinds("dev-1").count("registered") == 1
