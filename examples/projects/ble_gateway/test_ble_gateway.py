import struct
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock

FIRMWARE = Path(__file__).with_name("firmware")
TAGS = "a1SubPk0001"
NEAR, FAR = "a4c138000001", "a4c138000002"


def advertised(name, temperature, battery):
    """Return the advertising data of a BTHome thermometer."""
    content = struct.pack("<3sBBBh", b"\xd2\xfc\x40", 1, battery, 2, round(temperature * 100))
    label = name.encode()
    parts = (1, b"\x06"), (0x16, content), (9, label)
    return b"".join(bytes((len(data) + 1, kind)) + data for kind, data in parts)


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


@pytest.fixture
def product(iot_platform):
    """Return the product of the gateway; the thermometers have another one."""
    iot_platform.console.create_product(key=TAGS)
    for address in (NEAR, FAR):
        iot_platform.console.add_device(TAGS, f"tag-{address}")
    return iot_platform.console.create_product(node_type=1)


def test_thermometers_come_and_go(iot_platform, iot_clock, factory_flash):
    main, bthome = ((FIRMWARE / name).read_bytes() for name in ("main.py", "bthome.py"))
    gateway = factory_flash(
        "gateway-1", main=main.decode(), files={"/bthome.py": bthome}, heap="90wk"
    )
    air = gateway.ble
    near = air.add(NEAR, data=advertised("cellar", 21.5, 90))
    air.add(FAR, data=advertised("cellar", -3.25, 80))
    air.add("0102030405ff", data=advertised("other", 30, 70))
    air.add("0a0b0c0d0e0f", name="cellar")  # Not a thermometer.
    gateway.power_on()

    def status(address):
        return iot_platform.console.device(TAGS, f"tag-{address}").status.value

    def posted(address, after=None, **values):
        name = f"tag-{address}"
        iot_clock.run_until("property_posted", device_name=name, after=after, values=values)

    posted(NEAR, temperature=21.5, battery=90)
    posted(FAR, temperature=-3.25, battery=80)
    air.advertisers.remove(near)
    iot_clock.run_until(lambda: status(NEAR) == "Offline")
    assert status(FAR) == "Online"
    gateway.wifi.off()
    lost = iot_clock.run_until("offline", device_name="gateway-1")
    air.add(NEAR, data=advertised("cellar", 22.5, 89))
    gateway.wifi.on()
    posted(FAR, after=lost, temperature=-3.25, battery=80)
    posted(NEAR, temperature=22.5, battery=89)
    refused = iot_platform.events(kind="request_refused")
    assert refused == []
