"""A thousand sessions that are cut, on the 32-bit interpreter: the heap comes back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault
from alink_sim.toolchain import Interpreter
from tests.sim.conftest import Rig

WARM = 100  # Sessions in which names, queues and tables reach their size.
SESSIONS = 1000
LEAST = 16  # Bytes that a leak takes in each session: MicroPython's smallest block.

PROGRAM = f"""
import gc
from alink import Device
from alink.outbox import Outbox
from alink.shadow import Shadow
from alink.thing import Thing

device = Device.from_flash(log=None)
thing = Thing(device)
shadow = Shadow(device)
outbox = Outbox(device, limit=256, drop=True)
device.when_online(lambda: thing.post({{"t": 1}}, on_reply=lambda *reply: None))
first = last = 1 << 30  # The least of ten sessions: a stale word on the C stack may keep a buffer.
for number in range({WARM + SESSIONS}):
    device.connect()
    shadow.report({{"n": number}})
    outbox.put("user/update", b"%4d" % number)
    while device.online():
        device.poll(1000)
    gc.collect()
    used = gc.mem_alloc()
    if {WARM - 10} <= number < {WARM}:
        first = min(first, used)
    if number >= {WARM + SESSIONS - 10}:
        last = min(last, used)
    if number % 100 == 99:
        print("used", number + 1, used)
print("%d sessions, %d bytes more" % (number + 1 - {WARM}, last - first))
"""


@pytest.mark.parametrize("interpreter", ["unix32"], indirect=True)
def test_thousand_reconnects_leak_no_heap(
    make_rig: Callable[..., Rig],
    interpreter: Interpreter,
    clock: ManualClock,
    record_property: Callable[[str, object], None],
) -> None:
    rig = make_rig(clock=clock)
    board = rig.board("dev-1", main=PROGRAM)
    rig.platform.faults.add(Fault.cut("puback", at=3), device="dev-1")
    with board:
        board.power_on()
        for count in range(100, WARM + SESSIONS + 1, 100):
            rig.driver.expect(board, f"used {count} ")
        rig.driver.run_until(lambda: board.has_ended)
        said = [printed.text for printed in board.lines]
    record_property("counted", said[-1])
    more = int(said[-1].removeprefix(f"{SESSIONS} sessions, ").removesuffix(" bytes more"))
    # The live blocks differ by one to three, and a stale word may keep a packet buffer of 192
    # bytes. A leak in every fiftieth session shows.
    assert more < LEAST * SESSIONS // 50, said[-12:]
    assert rig.kinds("dev-1").count("online") >= WARM + SESSIONS
    assert rig.kinds("dev-1").count("registered") == 1
