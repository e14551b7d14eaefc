"""Messages in an outbox arrive despite lost connections, resets and power cuts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from alink_sim.platform import Fault
from tests.sim.conftest import Rig
from tests.waiting import eventually

HOLDS = 5  # Messages of PUTS.

# Eight messages into a queue on the vfs, while offline: nothing but flash is at work.
PUTS = """
from alink import Device
from alink.outbox import Outbox

outbox = Outbox(Device.from_flash(log=None), limit=400, path="/outbox", drop=True)
print("found", len(outbox))
number = len(outbox) and 8
while number < 8:
    outbox.put("user/update", b"message %d, and some more of it" % number)
    print("put", number)
    number += 1
print("done", len(outbox), outbox.dropped)
"""

# Sends what it finds, adds one, and ends when all is acknowledged.
SENDS = """
from alink import Device
from alink.outbox import Outbox

device = Device.from_flash(log=None)
outbox = Outbox(device, path="/outbox")
for topic, payload, _ in outbox._queue:
    print("kept", payload)
outbox.put("user/update", b"last")
device.connect()
while len(outbox):
    device.poll(100)
print("all sent", outbox.dropped)
device.close()
"""


def arrived(rig: Rig, name: str = "dev-1") -> int:
    return rig.kinds(name).count("published")


def finished(board: Board) -> list[str]:
    board.power_on()
    assert board.wait() == "halted", [said.text for said in board.lines]
    return [said.text for said in board.lines]


def test_power_cut_loses_no_queued_message(
    rig: Rig, record_property: Callable[[str, object], None]
) -> None:
    def board(name: str, main: str) -> Board:
        return rig.board(name, main=main)

    with board("whole", PUTS) as whole:
        assert finished(whole)[-1] == "done 5 3"
        operations = whole.flash_operations

    def cut(at: int) -> int:
        with board(f"cut-{at:03}", PUTS) as one:
            one.power_on(cut_at=at)
            assert one.wait() == "cut"
            puts = [said.text for said in one.lines if said.text.startswith("put")]
            before = len(one.lines)
            one.power_on()
            assert one.wait() == "halted"
            found = int(one.lines[before].text.split()[1])
        # Each finished put is there, and an unfinished one may be; a full queue of five may
        # already have dropped its oldest message.
        least = min(len(puts), HOLDS) - (len(puts) >= HOLDS)
        assert least <= found <= min(len(puts) + 1, HOLDS), (at, puts, found)
        return found

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(cut, range(1, operations + 1)))
    record_property(
        "counted", f"{rig.interpreter.name}: outbox cut at {operations} points: {found}"
    )


def test_vfs_queue_is_sent_after_power_cut(rig: Rig) -> None:
    with rig.board("dev-1", main=PUTS) as board:
        assert finished(board)[-1] == "done 5 3"
    files = board.vfs_files()
    with rig.board(
        "dev-1",
        main=SENDS,
        files={"outbox": files["/outbox"]},
    ) as board:
        said = finished(board)
        kept = [text for text in said if text.startswith("kept")]
        assert kept == [
            f"kept b'message {number}, and some more of it'" for number in range(8 - HOLDS, 8)
        ]
        assert said[-1] == "all sent 0"
        assert arrived(rig) == HOLDS + 1
        assert board.vfs_files()["/outbox"] == b""


THROUGH = """
from alink import Device
from alink.outbox import Outbox

device = Device.from_flash(log=None, keepalive=30)
outbox = Outbox(device, limit=4096)
ended = []
for number in range(20):
    outbox.put("user/update", b"%d" % number, ended.append)
device.connect()
while len(outbox):
    device.poll(100)
print("ended", ended.count(True), ended.count(False), device.online() > 1)
"""


@pytest.mark.parametrize("fault", [Fault.cut("puback", at=2), Fault.half_open("puback")])
def test_unacknowledged_messages_are_sent_again_next_session(
    make_rig: Callable[..., Rig], clock: ManualClock, fault: Fault
) -> None:
    rig = make_rig(clock=clock)
    rig.platform.faults.add(fault, device="dev-1", times=2)
    with rig.board("dev-1", main=THROUGH) as board:
        board.power_on()
        rig.driver.run_until(lambda: board.has_ended)
        assert board.lines[-1].text == "ended 20 0 True"
        assert arrived(rig) >= 20


def test_lost_acknowledgment_is_recovered_next_session(rig: Rig) -> None:
    rig.platform.faults.add(Fault.drop("puback"), device="dev-1", times=2)
    with rig.board("dev-1", main=THROUGH) as board:
        board.power_on()
        eventually(lambda: arrived(rig) >= 20, board)
        assert not [said for said in board.lines if said.text.startswith("ended")]
        rig.platform.console.disable_device(rig.product_key, "dev-1")
        rig.platform.console.enable_device(rig.product_key, "dev-1")
        board.expect("ended 20 0 True")
