"""CRC-16/ARC of the blocks of files over MQTT. Pure."""

# Four bits at a time.
# fmt: off
_TABLE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)
# fmt: on


def crc(data):
    """Return the CRC-16/ARC of bytes."""
    value = 0
    for byte in data:
        value = value >> 4 ^ _TABLE[(value ^ byte) & 15]
        value = value >> 4 ^ _TABLE[(value ^ byte >> 4) & 15]
    return value
