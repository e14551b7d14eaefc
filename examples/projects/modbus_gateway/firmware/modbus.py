# A Modbus RTU master on a UART.
import struct
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

READ, WRITE = 3, 6
REPLY_MS = 200


class Modbus:
    def __init__(self, uart):
        self._uart = uart

    def read(self, address, register, count):
        """Return this many holding registers; None if no meter replies."""
        reply = self._ask(struct.pack(">BBHH", address, READ, register, count))
        if reply is None or len(reply) != 3 + 2 * count:
            return None
        return struct.unpack(">%dH" % count, reply[3:])

    def write(self, address, register, value):
        """Set a holding register. Raises OSError if the meter does not take it."""
        if self._ask(struct.pack(">BBHH", address, WRITE, register, value)) is None:
            raise OSError("meter %d does not reply" % address)

    def _ask(self, request):
        self._uart.read()  # What noise has left.
        self._uart.write(request + crc(request))
        reply = b""
        end = ticks_add(ticks_ms(), REPLY_MS)
        while ticks_diff(end, ticks_ms()) > 0:
            reply += self._uart.read() or b""
            if len(reply) > 4 and reply[:2] == request[:2] and reply[-2:] == crc(reply[:-2]):
                return reply[:-2]
            sleep_ms(5)
        return None


def crc(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)
