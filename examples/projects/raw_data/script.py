"""The data-parsing script of the product, in the form of the vendor's Python scripts."""

import struct

REPORT, SET = 1, 2


def raw_data_to_protocol(data):
    """Return the Alink message of bytes from the device."""
    kind, number, value = struct.unpack(">BIB", bytes(data))
    if kind == REPORT:
        method = "thing.event.property.post"
        return {"method": method, "id": str(number), "version": "1.0", "params": {"level": value}}
    return {"id": str(number), "code": value, "data": {}}


def protocol_to_raw_data(message):
    """Return the bytes for the device of an Alink message."""
    level = message.get("params", {}).get("level", 0) if "method" in message else 0
    kind = SET if message.get("method") == "thing.service.property.set" else REPORT
    return struct.pack(">BIB", kind, int(message["id"]) & 0xFFFFFFFF, level)
