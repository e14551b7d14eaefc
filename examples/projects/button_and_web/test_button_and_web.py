import json
import socket
import urllib.request
from pathlib import Path

import microdot
import pytest

from alink_formats.bytecode import compile_mpy
from alink_sim.clock import ManualClock

MAIN = Path(__file__).with_name("firmware").joinpath("main.py").read_text(encoding="utf-8")


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


def test_button_counts_beside_the_web_server(iot_platform, iot_clock, factory_flash):
    source = Path(microdot.__file__).with_name("microdot.py")
    files = {"/lib/microdot.mpy": compile_mpy(source, name="microdot.py")}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    main = MAIN.replace("PORT = 80", f"PORT = {port}")
    board = factory_flash("button-1", main=main, files=files)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def page():
        return json.load(opener.open(f"http://127.0.0.1:{port}/", timeout=60))

    def offline():
        iot_clock.advance(2)  # The program waits 20 ms at a time: a minute of them takes long.
        return "alink: offline" in board.tail(2) and iot_platform.events(kind="offline")

    board.power_on()
    iot_clock.run_until("property_posted", device_name="button-1", values={"presses": 0})
    board.pin(4).set(0)
    iot_clock.run_until("event_posted", event="pressed", values={"count": 1})
    board.pin(4).set(1)
    assert page() == {"presses": 1, "online": True}

    board.wifi.off()
    [lost] = iot_clock.run_until(offline)
    board.pin(4).set(0)
    iot_clock.run_until(lambda: "presses: 2" in board.tail(2))
    board.wifi.on()
    iot_clock.run_until("property_posted", after=lost, values={"presses": 2})
    assert page() == {"presses": 2, "online": True}
