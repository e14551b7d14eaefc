"""The names and secrets of a gateway's sub-devices, in two files on the vfs.

docs/explanation/identity.md, "Sub-devices of a gateway". Each file is a generation of all slots; a
new one is written whole, read back, and replaces the older file by rename: a power cut costs at
most the change that it interrupted. Each slot has its own checksum: a damaged slot is read from
the older file, and the other slots stay valid. (ProductKey, DeviceName, DeviceSecret) are bytes;
no secret yet is b"".
"""

import os
import struct
from binascii import crc32

from micropython import const

from ..errors import StoreError

_SLOT = const(128)
_FIELDS = const("<BBB20s32s64s5x")  # Lengths of ProductKey, DeviceName, DeviceSecret; then these.
_CRC = const(124)  # Offset of the CRC-32 of these fields.
_HEAD = const("<4sHHII")  # Magic, version, slots, generation, CRC-32 of the former.
_HEADER = const(16)
_MAGIC = const(b"ALSB")
_BLANK = b"\xff" * _SLOT


class Storage:
    """The store at `path`; `count` slots, some of them empty."""

    def __init__(self, path, log):
        self._path = path
        self._log = log
        self._generation = self.count = 0
        self._newest = path + ".b"  # So that the first to be written is ".a".
        self._older = path + ".a"
        for name in (self._older, self._newest):
            count, generation = _header(name)
            if generation > self._generation:
                self.count, self._generation = count, generation
                if name != self._newest:
                    self._newest, self._older = name, self._newest

    def read(self, slots=None):
        """Yield slot and sub-device for these slots, or for all; empty ones are left out.

        A damaged slot is read from the older generation and mended, or logged and left out.
        """
        mended = {}
        for slot in range(self.count) if slots is None else slots:
            if slot >= self.count:
                continue
            sub = None
            for name in (self._newest, self._older):
                record = _record(name, slot)
                if record == _BLANK:
                    break
                try:
                    sub = _sub_device(record)
                except StoreError as error:
                    self._log("sub-device in slot %d of %s: %s" % (slot, name, error))
                    continue
                if name == self._older:
                    mended[slot] = sub
                break
            if sub:
                yield slot, sub
        if mended:
            try:
                self.save(mended)
            except StoreError as error:
                self._log(str(error))  # The older one has them still.

    def save(self, changes):
        """Keep {slot: sub-device, None to empty it} in a new generation. Raises StoreError."""
        new = self._path + ".new"
        count = max(self.count, max(changes) + 1)
        try:
            self._write(new, count, changes)
            for slot, sub in changes.items():
                if _record(new, slot) != _encode(sub):
                    raise StoreError("%s reads back differently" % new)
            os.rename(new, self._older)
        except OSError as error:
            raise StoreError("the vfs does not take the sub-devices: %s" % error)
        self._generation += 1
        self.count = count
        self._newest, self._older = self._older, self._newest

    def _write(self, new, count, changes):
        head = struct.pack("<4sHHI", _MAGIC, 1, count, self._generation + 1)
        buffer = bytearray(_SLOT)
        with open(new, "wb") as file:
            file.write(head + struct.pack("<I", crc32(head)))
            old = open(self._newest, "rb") if self._generation else None
            try:
                if old:
                    old.seek(_HEADER)
                for slot in range(count):
                    if not old or slot >= self.count or old.readinto(buffer) != _SLOT:
                        buffer[:] = _BLANK
                    file.write(_encode(changes[slot]) if slot in changes else buffer)
            finally:
                if old:
                    old.close()


def _header(name):
    # Returns the number of slots and the generation of a file; 0, 0 if it is missing or invalid.
    try:
        with open(name, "rb") as file:
            head = file.read(_HEADER)
    except OSError:
        return 0, 0
    if len(head) < _HEADER or head[:4] != _MAGIC:
        return 0, 0
    _, version, count, generation, crc = struct.unpack(_HEAD, head)
    return (count, generation) if version == 1 and crc == crc32(head[:12]) else (0, 0)


def _record(name, slot):
    try:
        with open(name, "rb") as file:
            file.seek(_HEADER + slot * _SLOT)
            return file.read(_SLOT)
    except OSError:
        return b""


def _sub_device(record):
    if len(record) < _SLOT or struct.unpack_from("<I", record, _CRC)[0] != crc32(record[:_CRC]):
        raise StoreError("its record fails its checksum")
    key, name, secret, *texts = struct.unpack_from(_FIELDS, record, 0)
    return texts[0][:key], texts[1][:name], texts[2][:secret]


def _encode(sub):
    if not sub:
        return _BLANK
    record = struct.pack(_FIELDS, len(sub[0]), len(sub[1]), len(sub[2]), *sub)
    return record + struct.pack("<I", crc32(record))
