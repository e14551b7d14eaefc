# A tracker: NMEA sentences of a GPS receiver on UART 2; a position is posted when it has a fix.
from machine import UART

from alink import Device, TransportError

port = UART(2, baudrate=9600, tx=17, rx=16, timeout=100)


def checked(line):
    # Return the fields of a sentence, or None if its checksum is wrong.
    if line[:1] != b"$" or b"*" not in line:
        return None
    body, _, checksum = line[1:].rstrip().partition(b"*")
    total = 0
    for byte in body:
        total ^= byte
    return str(body, "ascii").split(",") if int(checksum, 16) == total else None


def degrees(text, side):
    point = text.index(".") - 2
    value = int(text[:point]) + float(text[point:]) / 60
    return round(-value if side in "SW" else value, 4)


device = Device.from_flash()
device.connect()
print("ready")
while True:
    device.poll(20)
    line = port.readline()
    fields = checked(line) if line else None
    if fields and fields[0][2:] == "GGA" and fields[6] != "0":
        try:
            device.post_properties(
                {"latitude": degrees(*fields[2:4]), "longitude": degrees(*fields[4:6])}
            )
        except TransportError:
            pass  # Not online, or no longer.
