"""The part of `scrub` for an untouched partition table: the certificate is in NVS and in a file.

Both keep old copies where Python cannot erase: entries in NVS pages, blocks of the vfs. But flash
clears bits without an erase, so zeros are written over them:

    NVS       ESP-IDF reads no entry that the table of its page marks as erased
    vfs       a block that begins with a certificate is the data of a file; LittleFS keeps no
              checksum of data. A short file lies in the log of its folder, which has checksums:
              there the new file is written until LittleFS has copied the log to an erased block

The header of an old copy is overwritten last: after a power cut the copy is found again.
"""

import esp32
from micropython import const

from .. import heap
from ..errors import StoreError

copies = heap.load("boot.copies")
records = heap.load("boot.record")
removal = heap.load("boot.scrub")
stock_copies = heap.load("boot.stock_copies")

_SECTOR = const(4096)
_ENTRY = const(32)
_ENTRIES = const(126)
_TABLE = const(32)  # Offset of the table in a page; two bits an entry, 0 if it is erased.
_FIRST = const(64)  # Offset of the first entry in a page.
_IN_USE = const((b"\xfe\xff\xff\xff", b"\xfc\xff\xff\xff"))  # States of a page: active, full.
_HEADER = const(12)
_START = const(6)  # Bytes of the header that all certificates share.
_FIELD = const(15)  # End of the tag and the size of the first field, behind the header.
_PIECE = const(1024)
_PIECES = const((0, 1000, 2000, 3000, 3072))  # Offsets of pieces that overlap by more than that.
_REWRITES = const(100)
_BEGUN = const("scrub_was_begun")


def scrub(link):
    """Remove the ProductSecret; return whether this call removed the last copy.

    Raises StoreError or OSError if a copy is left.
    """
    pages, vfs = _partition("nvs"), _partition("vfs")
    nvs, (file, former) = copies.Nvs("cert"), stock_copies.cert(vfs)
    old = former.read()
    if old and removal.remove_secret(old):
        raise StoreError("another partition table was here, and its certificate is left")
    record = nvs.read()
    if not record:
        return False
    state = esp32.NVS("alink")
    if removal.remove_secret(record):
        removal.check_credential()
        state.set_i32(_BEGUN, 1)
        if len(copies.same(record, (nvs, file), link.log)) < 2:
            raise StoreError("the new certificate is stored once only")
    elif not _was_begun(state):
        return False
    _clear_all(pages, _clear_page, link)
    _clear_all(vfs, _clear_block, link, file, record)
    state.set_i32(_BEGUN, 0)
    state.commit()
    return True


def _partition(label):
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    if not found:
        raise StoreError("there is no partition %s" % label)
    return found[0]


def _was_begun(state):
    try:
        return state.get_i32(_BEGUN)
    except OSError:
        return 0


def _clear_all(part, clear, link, *more):
    for block in range(part.info()[3] // _SECTOR):
        if link.device.feed:
            link.device.feed()
        clear(part, block, *more)


def _clear_page(part, block):
    head = bytearray(_FIRST)
    part.readblocks(block, head, 0)
    if bytes(head[:4]) in _IN_USE:
        for entry in range(_ENTRIES):
            if not head[_TABLE + (entry >> 2)] >> (entry & 3) * 2 & 3:
                at = _FIRST + entry * _ENTRY
                _clear(part, block, at, at + _ENTRY)
        return
    for at in range(0, _SECTOR, _FIRST):  # A free page; a power cut may have left it half erased.
        part.readblocks(block, head, at)
        if head != b"\xff" * _FIRST:
            part.ioctl(6, block)
            return


def _clear_block(part, block, file, record):
    for _ in range(_REWRITES):
        at, size = _old_copy(part, block, record)
        if at is None:
            return
        if at:
            file.write(record)
        else:
            _clear(part, block, _HEADER, min(size, _SECTOR))
            _clear(part, block, 0, _HEADER)
    raise StoreError("block %d of the vfs has an old copy that LittleFS keeps" % block)


def _old_copy(part, block, record):
    # Returns the offset in a block of a certificate other than `record`, and its size, or None.
    start = bytes(record[:_START])  # Not a constant: that would be found, in this module's file.
    piece = bytearray(_PIECE)
    for offset in _PIECES:
        part.readblocks(block, piece, offset)
        at = bytes(piece).find(start) if start in piece else -1
        while at >= 0:
            size = records.sizeof(piece[at : at + _HEADER]) if at + _FIELD <= _PIECE else 0
            if offset + at and piece[at + _HEADER : at + _FIELD] != record[_HEADER:_FIELD]:
                size = 0  # Bytes of a file that look like a header.
            if size and not _is_at(part, block, offset + at, record):
                return offset + at, size
            at = bytes(piece).find(start, at + 1)
    return None, 0


def _is_at(part, block, at, record):
    found = bytearray(min(len(record), _SECTOR - at))
    part.readblocks(block, found, at)
    return found == record[: len(found)]


def _clear(part, block, at, end):
    while at < end:
        found = bytearray(min(_ENTRY, end - at))
        part.readblocks(block, found, at)
        if found != bytes(len(found)):
            part.writeblocks(block, bytes(len(found)), at)
        at += len(found)
