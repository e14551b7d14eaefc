"""The locations of an untouched partition table besides NVS. Loaded only with that table.

docs/explanation/identity.md, "Copies". The docstring of `copies` lists the methods of a location.
"""

import os

import esp
from micropython import const

from .. import heap
from ..errors import StoreError

records = heap.load("boot.record")

_FCTRY = const(0x5000)  # Bytes before the vfs, as in boards/*/partitions.csv; a test compares.
_CRED = const(0x2000)
_SECTOR = const(4096)


def cert(vfs):
    """Return where the certificate can be beside NVS; `vfs` is the partition, or None."""
    return File("/alink.cert"), Raw(vfs, _FCTRY)


def cred(vfs):
    """Return where the credential can be beside NVS."""
    return File("/alink.cred"), Raw(vfs, _CRED), Raw(vfs, _CRED - _SECTOR)


class Raw:
    """A range of flash that no partition names any more: read, never written.

    It begins `before` bytes before the vfs, which a stock table has in the same place.
    """

    name = "the former partition"
    writable = False

    def __init__(self, vfs, before):
        self._offset = vfs.info()[2] - before if vfs else 0

    def read(self):
        return records.load(self.fill) if self._offset else None

    def fill(self, buffer):
        esp.flash_read(self._offset, buffer)
        return True

    def erase(self):
        pass


class File:
    """A file on the vfs, replaced by rename."""

    writable = True

    def __init__(self, name):
        self.name = name

    def read(self):
        return records.load(self.fill)

    def fill(self, buffer):
        try:
            with open(self.name, "rb") as file:
                return file.readinto(buffer) == len(buffer)
        except OSError:
            return False

    def write(self, record):
        try:
            with open(self.name + ".new", "wb") as file:
                file.write(record)
            os.rename(self.name + ".new", self.name)
        except OSError as error:
            raise StoreError("file system error %s" % error)

    def erase(self):
        try:
            os.remove(self.name)
        except OSError:
            pass  # It was not there.
