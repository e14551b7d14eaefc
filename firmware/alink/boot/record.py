"""The record of identity: named fields to bytes in flash, and back. Pure.

Layout (integers little-endian), docs/explanation/identity.md:

    magic "ALNK" | version 1 | kind | length u16 | generation u32 | fields | CRC-32 | 0xFF ...

A field is tag u8 | length u16 | value; its tag is its place in FIELDS. The padding brings the
record to a multiple of 16 bytes, so that it is written in one operation, encrypted flash too.
"""

import struct
from binascii import crc32

from micropython import const

from ..errors import StoreError

CERTIFICATE = const(1)
CREDENTIAL = const(2)

FIELDS = (
    "",  # Tag 0 is never written.
    "ProductKey",
    "ProductSecret",
    "DeviceName",
    "DeviceSecret",
    "ClientID",
    "DeviceToken",
    "Region",
    "InstanceId",
    "Host",
    "Port",
    "NtpHost",
    "WifiSsid",
    "WifiPassword",
    "SignMethod",
    "Method",
    "Ca",
    "SubProduct",
    "HttpsHost",
)
REPEATABLE = ("Ca", "SubProduct")

_HEAD = const("<4sBBHI")
_HEADER = const(12)
_VERSION = const(1)
_LONGEST = const(12288)  # Three sectors.
_MAGIC = const(b"ALNK")


def sizeof(header):
    """Return the bytes that the record beginning with `header` (12 bytes) takes, or 0 if none."""
    if header[:4] != _MAGIC:
        return 0
    return (_HEADER + (header[6] | header[7] << 8) + 4 + 15) & ~15


def load(fill):
    """Return the record that `fill(buffer)` reads from its start, None where none begins."""
    header = bytearray(_HEADER)
    fill(header)
    size = sizeof(header)
    if not size or size > _LONGEST:
        return None
    record = bytearray(size)
    fill(record)
    return record


def generation_of(data, kind):
    """Return the generation of `data` where it is a whole record of this kind, else None."""
    if len(data) < _HEADER or data[:4] != _MAGIC:
        return None
    _, version, found, length, generation = struct.unpack_from(_HEAD, data, 0)
    end = _HEADER + length
    if version != _VERSION or found != kind or end + 4 > len(data):
        return None
    if crc32(memoryview(data)[:end]) != struct.unpack_from("<I", data, end)[0]:
        return None
    return generation


def encode(kind, generation, fields):
    """Return the record of `fields` (name to bytes, or to a list of bytes) as a bytearray."""
    length = 0
    for _, value in items(fields):
        length += 3 + len(value)
    end = _HEADER + length
    record = bytearray((end + 4 + 15) & ~15)  # One allocation: heap is scarcest here.
    struct.pack_into(_HEAD, record, 0, _MAGIC, _VERSION, kind, length, generation)
    at = _HEADER
    for tag, value in items(fields):
        struct.pack_into("<BH", record, at, tag, len(value))
        at += 3 + len(value)
        record[at - len(value) : at] = value
    struct.pack_into("<I", record, end, crc32(memoryview(record)[:end]))
    for at in range(end + 4, len(record)):
        record[at] = 0xFF
    return record


def items(fields):
    # Yields tag and value in the order of the tags.
    for tag, name in enumerate(FIELDS):
        value = fields.get(name)
        if value:
            for one in value if name in REPEATABLE else (value,):
                yield tag, one


def decode(data, kind):
    """Return (generation, fields) of a record; a repeatable field is a list of values.

    Raises StoreError naming the field that is wrong, as far as the bytes tell.
    """
    if len(data) < _HEADER or data[:4] != _MAGIC:
        raise StoreError("no identity record is here")
    if data[4] != _VERSION or data[5] != kind:
        raise StoreError("the record is version %d, kind %d" % (data[4], data[5]))
    generation = generation_of(data, kind)
    fields, cut = unpack(data, min(_HEADER + (data[6] | data[7] << 8), len(data)))
    if generation is None:
        raise StoreError("the record fails its checksum: %s" % (cut or _suspect(fields, kind)))
    if cut:
        raise StoreError(cut)
    return generation, fields


def unpack(data, end):
    # Returns the fields and, where the last one does not end inside the record, what is cut.
    fields = {}
    at = _HEADER
    while at < end:
        tag = data[at]
        name = FIELDS[tag] if tag < len(FIELDS) else "tag %d" % tag
        start = at + 3
        at = start + (struct.unpack_from("<H", data, at + 1)[0] if start <= end else end)
        if at > end or tag == 0:
            return fields, "%s is cut short" % (name or "a field")
        value = bytes(memoryview(data)[start:at])
        if name in REPEATABLE:
            fields.setdefault(name, []).append(value)
        elif name in fields:
            return fields, "%s is there twice" % name
        elif tag < len(FIELDS):
            fields[name] = value
    return fields, ""


def _suspect(fields, kind):
    # A damaged record still tells which field cannot be right: a missing one, or its bytes.
    names = ["ProductKey", "DeviceName", "DeviceSecret", "ClientID", "DeviceToken"]
    needed = names[:2]
    if kind == CERTIFICATE and "DeviceSecret" not in fields:
        needed.append("ProductSecret")
    for name in needed + names[2:]:
        for byte in fields.get(name, b"\0" if name in needed else b""):
            if not 0x20 < byte < 0x7F:
                return "%s is damaged" % name
    return "cannot tell which field is damaged"
