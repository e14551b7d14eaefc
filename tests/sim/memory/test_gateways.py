"""Gateways of 24 and of 200 sub-devices live an hour of their clock in the two heaps of a chip.

The heap is grown by the boot.py of the SDK; `test_hour.py` has the gateway example. The figures
are those of docs/explanation/gateways.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from tests.sim.conftest import Rig
from tests.sim.gateway.gateways import status, subs

# Each meter posts in turn, one every 15 s.
MAIN = """
import esp32, gc, time
from alink import TransportError
from alink.gateway import Gateway

COUNT, NAME = %d, %r
gateway = Gateway.from_flash(log=lambda text: print(text) if text[:6] == "alink:" else None)
most = 0

def figures():
    gc.collect()
    regions = esp32.idf_heap_info(esp32.HEAP_DATA)
    heap = gc.mem_alloc() + gc.mem_free() - max([one[2] for one in regions])
    print("hour:", most, gc.mem_alloc(), heap, sum([one[1] for one in regions]))

for number in range(COUNT):
    gateway.add("a1SubPk0001", NAME %% number)
begun = last = time.ticks_ms()
turn = 0
while True:
    gateway.poll(1000)
    now = time.ticks_ms()
    if time.ticks_diff(now, last) < 15000:
        continue
    last = now
    gc.collect()
    most = max(most, gc.mem_alloc())
    try:
        meter = gateway.sub_device("a1SubPk0001", NAME %% turn)
        meter.post_properties({"power": turn})
        turn = (turn + 1) %% COUNT
    except TransportError:
        pass  # It is not logged in yet.
    if begun and time.ticks_diff(now, begun) > 3500000:
        begun = 0
        figures()
"""
GATEWAYS = {24: 40_700, 200: 43_600}  # Sub-devices; bytes of the Python heap in use after an hour.
SHORT = 8_192  # Bytes left of which the log warns.
HEAP, ESP_IDF = 73_920, 46_300  # The Python heap, and what ESP-IDF has left in the session.


def test_gateways_live_an_hour(make_gateway_rig: Callable[..., Rig], clock: ManualClock) -> None:
    rig = make_gateway_rig(clock=clock)
    boards = {}
    for count in GATEWAYS:
        name = f"g{count}"
        subs(rig, count, prefix=name)
        main = MAIN % (count, f"{name}-%03d")
        boards[count] = rig.board(f"gateway-{count}", main=main, heap="chip")
        boards[count].power_on()
    end = clock.time() + 3600
    rig.driver.run_until(lambda: clock.time() >= end, grain=15)
    for count, used in GATEWAYS.items():
        names = [f"g{count}-{number:03}" for number in range(count)]
        assert {status(rig, name) for name in names} == {"Online"}, boards[count].tail()
        assert rig.kinds(f"gateway-{count}").count("online") == 1
        assert all("property_posted" in rig.kinds(name) for name in names), boards[count].tail()
        found = [int(word) for word in rig.driver.expect(boards[count], "hour:").split()[1:]]
        assert found[0] < HEAP - SHORT
        assert found[1] == pytest.approx(used, abs=700)
        assert found[2:] == [pytest.approx(HEAP, abs=400), pytest.approx(ESP_IDF, abs=300)]
