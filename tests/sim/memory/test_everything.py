"""A program with every feature fetches its configuration: it dies or lives as on real firmware."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from tests.sim.conftest import Rig

MAIN = """
import esp32, gc, time
from alink import Device, rrpc
from alink.cloudlog import CloudLog
from alink.config import Config
from alink.outbox import Outbox
from alink.shadow import Shadow
from alink.thing import Thing

data = [bytearray(1000) for _ in range(10)]  # Of the application.
device = Device.from_flash()
thing = Thing(device)
shadow = Shadow(device)
outbox = Outbox(device, path="/alink.outbox")
log = CloudLog(device)
rrpc.on_request(device, "user/ask", lambda payload: payload)
told = []
config = Config(device, told.append)
device.connect()
config.ask()
for _ in range(2):
    while not told:
        device.poll(500)
    told.pop()
    try:
        for ms in config.fetch("/config.json"):
            time.sleep_ms(ms)
        device.poll(100)
    except Exception as error:
        print("not fetched:", repr(error))
    gc.collect()
    largest = max([one[2] for one in esp32.idf_heap_info(esp32.HEAP_DATA)])
    print("bytes of heap", gc.mem_alloc() + gc.mem_free() - largest)
    config.ask()
device.loop()
"""


def test_growth_decides_whether_config_is_fetched(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    rig.platform.cloud.set_config(rig.product_key, b'{"pad":"' + b"x" * 3000 + b'"}')
    grown = rig.board("dev-1", main=MAIN, heap="chip")
    stock = rig.board("dev-2", main=MAIN, files={"/boot.py": b""}, heap="chip")
    for board in (grown, stock):
        board.power_on()
    for _ in range(2):
        heap = int(rig.driver.expect(grown, "bytes of heap").split()[3])
        assert heap == pytest.approx(73_920, abs=400)
    assert not any("not fetched" in line.text for line in grown.lines), grown.tail()
    assert rig.kinds("dev-1").count("online") == 1
    # Without the growth the heap doubles by itself, here before the first connection.
    rig.driver.expect(stock, "-17040")
    assert rig.kinds("dev-2") == []
