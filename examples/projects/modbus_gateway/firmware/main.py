# A gateway of Modbus meters on RS-485: every meter that replies is a sub-device on the platform,
# one that falls silent is logged out.
from machine import UART
from modbus import Modbus

from alink import TransportError
from alink.gateway import Gateway
from alink.thing import Thing

PRODUCT = "a1SubPk0001"  # The meters' product; add their DeviceNames there beforehand.
ADDRESSES = range(1, 6)
SCAN_MS = 10000
VOLTAGE, LIMIT, VALUES = 0, 2, 3  # Holding registers: voltage, power, limit.

bus = Modbus(UART(2, baudrate=9600, tx=17, rx=16))
gateway = Gateway.from_flash()
meters = gateway.sub_device(PRODUCT, "+")  # One handler for all of them.
thing = Thing(meters)
present = set()


@thing.property("limit")
def set_limit(value):
    bus.write(int(meters.device_name[-3:]), LIMIT, value)
    return value


def scan():
    for address in ADDRESSES:
        name = "meter-%03d" % address
        values = bus.read(address, VOLTAGE, VALUES)
        if values is None:
            if address in present:
                present.discard(address)
                gateway.drop(PRODUCT, name)
            continue
        if address not in present:
            present.add(address)
            gateway.add(PRODUCT, name)
        post(gateway.sub_device(PRODUCT, name), *values)


def post(meter, voltage, power, limit):
    if not meter.online():
        return
    try:
        meter.post_properties({"voltage": voltage / 10, "power": power, "limit": limit})
    except TransportError:
        pass  # The session has just ended: poll() logs in again, with all meters.


while True:
    scan()
    gateway.poll(SCAN_MS)
