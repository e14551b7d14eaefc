# A gateway of a Modbus line: every meter that answers is a sub-device on the platform, one that
# falls silent is logged out. The line is simulated; on a board it is a machine.UART.
import struct

from alink.gateway import Gateway
from alink.thing import Thing

PRODUCT = "a1SubPk0001"  # The meters' product; register their DeviceNames there beforehand.
ADDRESSES = range(1, 6)
SCAN_MS = 10000
VOLTAGE, POWER, LIMIT = 0, 1, 2  # Holding registers of a meter.


class SimulatedLine:
    """A UART with meters on it: 1 and 3 all the time, 2 for three scans, 4 from the second on."""

    def __init__(self):
        self.scans = 0
        self._answer = b""
        self._limits = {}

    def write(self, frame):
        address, function, register, value = struct.unpack(">BBHH", frame[:6])
        self.scans += address == ADDRESSES[0] and function == 3
        here = {1: True, 2: self.scans < 4, 3: True, 4: self.scans > 1}.get(address, False)
        if frame[6:] != crc(frame[:6]) or not here:
            self._answer = b""
        elif function == 6:
            self._limits[address] = value
            self._answer = frame
        else:
            registers = (2300 + address, 100 * address, self._limits.get(address, 500))
            wanted = registers[register : register + value]
            body = struct.pack(">BBB", address, 3, 2 * value) + struct.pack(
                ">%dH" % value, *wanted
            )
            self._answer = body + crc(body)

    def read(self):
        answer, self._answer = self._answer, b""
        return answer


class Modbus:
    """A Modbus RTU master on a UART."""

    def __init__(self, uart):
        self._uart = uart

    def read(self, address, register, count):
        """Return this many holding registers; None if no meter replies."""
        body = self._ask(struct.pack(">BBHH", address, 3, register, count))
        return struct.unpack(">%dH" % count, body[3:]) if body else None

    def write(self, address, register, value):
        """Set a holding register. Raises OSError when the device does not take it."""
        if not self._ask(struct.pack(">BBHH", address, 6, register, value)):
            raise OSError("device %d does not answer" % address)

    def _ask(self, body):
        self._uart.write(body + crc(body))
        answer = self._uart.read()
        if answer and answer[0] == body[0] and answer[-2:] == crc(answer[:-2]):
            return answer[:-2]
        return None


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def name_of(address):
    return "meter-%03d" % address


line = Modbus(SimulatedLine())
gateway = Gateway.from_flash()
meters = gateway.sub_device(PRODUCT, "+")  # One handler for all of them.
thing = Thing(meters)
here = set()


@thing.property("limit")
def limit(value):
    line.write(int(meters.device_name[-3:]), LIMIT, value)
    return value


def scan():
    for address in ADDRESSES:
        registers = line.read(address, VOLTAGE, 3)
        name = name_of(address)
        if registers is None:
            if address in here:
                here.discard(address)
                gateway.drop(PRODUCT, name)
            continue
        if address not in here:
            here.add(address)
            gateway.add(PRODUCT, name)
        meter = gateway.sub_device(PRODUCT, name)
        if meter.online():
            voltage, power, limited = registers
            meter.post_properties({"voltage": voltage / 10, "power": power, "limit": limited})


while True:
    scan()
    gateway.poll(SCAN_MS)
