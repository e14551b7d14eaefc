"""Take the ProductSecret off a board that has registered; the rest of its certificate stays.

docs/explanation/security.md. Loaded once, in the first session after a boot: then the credential
is stored twice and has logged in, and the board needs the ProductSecret no more. A power cut here
comes back with it or without it; the next session goes on.

Layout `factory`: the new certificate waits in NVS while the sectors of the old one are erased.
An untouched table keeps old copies: `scrub_stock`.
"""

import struct
from binascii import crc32

import esp32
from micropython import const

from .. import heap
from ..errors import StoreError

copies = heap.load("boot.copies")
records = heap.load("boot.record")

_HEADER = const(12)
_PRODUCT_SECRET = const(2)  # Its tag; `record` has the layout.
_SECTOR = const(4096)


def scrub(link):
    """Remove the ProductSecret and log the result, unless it was removed before. Raises nothing.

    `link` is the Session.
    """
    try:
        found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label="fctry")
        if found:
            is_done = _in_partition(found[0], link)
        else:
            is_done = heap.call("boot.scrub_stock", "scrub", link)
        if is_done:
            link.log("the ProductSecret was removed from this board")
    except (StoreError, OSError, MemoryError) as error:
        link.log("the ProductSecret is still on this board: %s" % error)


def remove_secret(record):
    """Remove the ProductSecret from a certificate record in place; return False if it has none.

    A secret in an eFuse is not in flash, so it stays. Raises StoreError if the record is damaged.
    Here in place, because roots make a record long, and heap is scarce online.
    """
    if records.generation_of(record, records.CERTIFICATE) is None:
        raise StoreError("the certificate is damaged")
    end = _HEADER + _uint16(record, 6)
    at = _HEADER
    while at < end and record[at] != _PRODUCT_SECRET:
        at += 3 + _uint16(record, at + 1)
    if at >= end or record[at + 3 : at + 9] == b"efuse:":
        return False
    size = 3 + _uint16(record, at + 1)
    record[at : at + size] = b""
    end -= size
    struct.pack_into("<H", record, 6, end - _HEADER)
    struct.pack_into("<I", record, end, crc32(memoryview(record)[:end]))
    record[end + 4 :] = b"\xff" * (-(end + 4) & 15)
    return True


def _uint16(record, at):
    return record[at] | record[at + 1] << 8


def check_credential():
    """Raise StoreError unless the credential is stored in NVS and in one more place."""
    kept = []
    for place in copies.cred():
        record = place.read()
        kept.append(record is not None and bool(records.generation_of(record, records.CREDENTIAL)))
    if not kept[-1] or True not in kept[:-1]:
        raise StoreError("the credential is stored once only")


def _in_partition(part, link):
    place, waiting = copies.cert()[0], copies.Nvs("cert")
    record = waiting.read()
    if record is None:
        record = place.read()
        if not record or not remove_secret(record):
            return False
        check_credential()
        if not copies.same(record, (waiting,), link.log):
            raise StoreError("nvs has no space for the new certificate")
    for block in range(part.info()[3] // _SECTOR):
        if link.device.feed:
            link.device.feed()
        _erase(part, block, waiting)
    part.writeblocks(0, record, 0)
    if place.read() != record:
        raise StoreError("the new certificate reads back different bytes")
    waiting.erase()
    return True


def _erase(part, block, waiting):
    start = bytearray(12)
    try:
        part.ioctl(6, block)
        part.readblocks(block, start, 0)
        if start != b"\xff" * 12:
            raise OSError("flash did not erase it")
    except OSError:
        if not block:  # Nothing has changed yet.
            waiting.erase()
        raise
