"""A board's log in the cloud: when it is wanted, and what waits for that."""

from __future__ import annotations

from tests.sim.conftest import PATIENCE, Line
from tests.sim.session.test_thing import online

LOGS = """
from alink import Device
from alink.cloudlog import CloudLog

device = Device.from_flash()
log = CloudLog(device)
log.write("DEBUG", "app", "not this")
log.write("WARN", "app", "before the session", 7)
device.connect()
log.write("ERROR", "app", "in it")
print("ready")
device.loop()
"""


def contents(line: Line) -> list[object]:
    return [
        (event.detail["level"], event.detail["content"])
        for event in line.platform.events(kind="device_log", device_name="dev-1")
    ]


def test_lines_wait_until_the_cloud_wants_them(line: Line) -> None:
    with online(line, LOGS):
        assert contents(line) == []
        line.platform.set_log_mode(line.product_key, "dev-1", wanted=True)
        line.platform.expect("device_log", device_name="dev-1", timeout=PATIENCE)
        assert contents(line) == [("WARN", "before the session"), ("ERROR", "in it")]
        answered = line.platform.expect("answered", device_name="dev-1", timeout=PATIENCE)
        assert answered.detail["topic"].endswith("/thing/config/log/push_reply")


def test_what_was_wanted_before_holds_after_a_power_cycle(line: Line) -> None:
    line.platform.add_device(line.product_key, "dev-1")
    line.platform.set_log_mode(line.product_key, "dev-1", wanted=True)
    with online(line, LOGS):
        line.platform.expect("device_log", device_name="dev-1", timeout=PATIENCE)
