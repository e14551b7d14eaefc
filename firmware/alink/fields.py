"""The fields of a record of identity, or which one of them is wrong. Pure. See `record`."""

import struct

from micropython import const

from .errors import StoreError
from .record import FIELDS, REPEATABLE, generation_of

_HEADER = const(12)
_VERSION = const(1)


def decode(data, kind):
    """Return (generation, fields) of a record; a repeatable field is a list of values.

    Raises StoreError naming the field that is wrong, as far as the bytes tell.
    """
    if len(data) < _HEADER or data[:4] != b"ALNK":
        raise StoreError("no identity record is here")
    if data[4] != _VERSION or data[5] != kind:
        raise StoreError("the record is version %d, kind %d" % (data[4], data[5]))
    generation = generation_of(data, kind)
    fields, cut = _decode_fields(data, min(_HEADER + (data[6] | data[7] << 8), len(data)))
    if generation is None:
        raise StoreError("the record fails its checksum: %s" % (cut or _suspect(fields)))
    if cut:
        raise StoreError(cut)
    return generation, fields


def _decode_fields(data, end):
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


def _suspect(fields):
    # A damaged record still tells which field cannot be right.
    for name in ("ProductKey", "ProductSecret", "DeviceName"):
        for byte in fields.get(name, b"\0"):
            if not 0x20 < byte < 0x7F:
                return "%s is damaged" % name
    return "no single field stands out"
