"""A board's log in the cloud: when it is wanted, and what waits for that."""

from __future__ import annotations

from tests.sim.conftest import Rig
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


def contents(rig: Rig) -> list[object]:
    return [
        (event.detail["level"], event.detail["content"])
        for event in rig.platform.events(kind="device_log", device_name="dev-1")
    ]


def test_log_waits_until_cloud_enables_upload(rig: Rig) -> None:
    with online(rig, LOGS):
        assert contents(rig) == []
        rig.platform.cloud.set_log_mode(rig.product_key, "dev-1", on=True)
        rig.platform.expect("device_log", device_name="dev-1")
        assert contents(rig) == [("WARN", "before the session"), ("ERROR", "in it")]
        answered = rig.platform.expect("answered", device_name="dev-1")
        assert answered.detail["topic"].endswith("/thing/config/log/push_reply")


def test_log_setting_survives_a_power_cycle(rig: Rig) -> None:
    rig.platform.console.add_device(rig.product_key, "dev-1")
    rig.platform.cloud.set_log_mode(rig.product_key, "dev-1", on=True)
    with online(rig, LOGS):
        rig.platform.expect("device_log", device_name="dev-1")
