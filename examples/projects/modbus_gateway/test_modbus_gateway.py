import struct
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock

FIRMWARE = Path(__file__).with_name("firmware")
METERS = "a1SubPk0001"


class MeterBus:
    """Meters on the RS-485 of a board, by address: voltage, power, limit."""

    def __init__(self):
        self.meters = {1: [2301, 100, 500], 2: [2302, 200, 500], 3: [2303, 300, 500]}

    def write(self, frame):
        address, function, register, value = struct.unpack(">BBHH", frame[:6])
        assert frame[6:] == crc(frame[:6])
        if address not in self.meters:
            return b""
        registers = self.meters[address]
        if function == 6:
            registers[register] = value
            return frame
        words = registers[register : register + value]
        reply = struct.pack(f">BBB{value}H", address, 3, 2 * value, *words)
        return reply + crc(reply)


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


@pytest.fixture
def iot_clock(tmp_path):
    clock = ManualClock(tmp_path / "clock")
    yield clock
    clock.close()


@pytest.fixture
def product(iot_platform):
    """Return the product of the gateway; the meters have another one."""
    iot_platform.console.create_product(key=METERS)
    for number in range(1, 6):
        iot_platform.console.add_device(METERS, f"meter-{number:03}")
    return iot_platform.console.create_product(node_type=1)


def test_meters_come_obey_and_go(iot_platform, iot_clock, factory_flash):
    bus = MeterBus()
    main, modbus = ((FIRMWARE / name).read_bytes() for name in ("main.py", "modbus.py"))
    gateway = factory_flash(
        "gateway-1", main=main.decode(), files={"/modbus.py": modbus}, heap="90wk"
    )
    gateway.uart(2).attach(bus)
    gateway.power_on()

    def posted(name, **values):
        return iot_clock.run_until("property_posted", device_name=name, values=values)

    def status(name):
        return iot_platform.console.device(METERS, name).status.value

    posted("meter-001", voltage=230.1, power=100, limit=500)
    posted("meter-003", voltage=230.3, power=300, limit=500)
    assert status("meter-005") == "Inactive"  # It is not on the bus.

    iot_platform.cloud.set_properties(METERS, "meter-003", {"limit": 250})
    posted("meter-003", limit=250)
    assert bus.meters[3][2] == 250

    bus.meters[5] = [2305, 500, 500]
    posted("meter-005", voltage=230.5, power=500, limit=500)
    del bus.meters[2]
    iot_clock.run_until(lambda: status("meter-002") == "Offline")
    assert status("meter-001") == "Online"

    gateway.wifi.off()
    lost = iot_clock.run_until("offline", device_name="gateway-1")
    bus.meters[1][1] = 150
    gateway.wifi.on()
    values = {"voltage": 230.1, "power": 150, "limit": 500}
    iot_clock.run_until("property_posted", device_name="meter-001", after=lost, values=values)
