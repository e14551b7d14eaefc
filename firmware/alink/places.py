"""The places in flash where a record of identity can stand. The only file that imports `esp32`.

docs/identity.md, "Places". Partition table of our own ("factory"): certificate in `fctry`,
credential in two sectors of `cred` and in NVS. Untouched table ("stock"): both in NVS and in a
file; and where a stock image was flashed over a factory board, the former ranges are still read,
raw, and never written.

Each place has a `name`, tells whether it is `writable`, and has `read(size)` (the record as a
bytearray, or None; `size` is what is expected, as a hint), `write(record)` and `erase()`; the
first two raise StoreError where flash fails.
"""

import os

import esp
import esp32
from micropython import const

from .errors import StoreError
from .record import size_of

_FCTRY = const(0x5000)  # Bytes before the vfs, as in boards/*/partitions.csv; a test compares.
_CRED = const(0x2000)
_SECTOR = const(4096)

_NAMESPACE = "alink"
_TRIES = "tries"
_NVS_NOT_FOUND = const(-0x1102)
_NVS_INVALID_LENGTH = const(-0x110C)


def certificate_places():
    """Return where the certificate can be, the one that counts first."""
    fctry = _partition("fctry")
    if fctry:
        return (Sector("fctry", fctry, 0),)
    return Nvs("cert"), File("/alink.cert"), Raw(_FCTRY)


def credential_places():
    """Return where the credential can be: what is not NVS first, NVS last."""
    cred = _partition("cred")
    if cred:
        return Sector("cred", cred, 0), Sector("cred", cred, 1), Nvs("cred")
    return File("/alink.cred"), Raw(_CRED), Raw(_CRED - _SECTOR), Nvs("cred")


def same(record, places, log):
    """Make writable places hold `record`, each read back; return the names of those that do."""
    kept = []
    for place in places:
        try:
            if place.read(len(record)) != record and place.writable:
                place.write(record)
                if place.read(len(record)) != record:
                    raise StoreError("it reads back differently")
            if place.writable:
                kept.append(place.name)
        except StoreError as error:
            log("%s does not take the record: %s" % (place.name, error))
    return kept


class Sector:
    """One flash sector of a partition, one record at its start."""

    writable = True

    def __init__(self, name, partition, block):
        self.name = name
        self.writable = name != "fctry"
        self._partition = partition
        self._block = block

    def read(self, size=0):
        return _read_record(self._read)

    def _read(self, buffer):
        self._partition.readblocks(self._block, buffer, 0)

    def write(self, record):
        try:
            self._partition.ioctl(6, self._block)
            self._partition.writeblocks(self._block, record, 0)
        except OSError as error:
            raise StoreError("flash error %s" % error)

    def erase(self):
        self._partition.ioctl(6, self._block)


class Raw:
    """A range of flash that no partition names any more: read, never written.

    It begins `before` bytes before the vfs, which a stock table has in the same place.
    """

    name = "the former partition"
    writable = False

    def __init__(self, before):
        vfs = _partition("vfs")
        self._offset = vfs.info()[2] - before if vfs else 0

    def read(self, size=0):
        return _read_record(self._read) if self._offset else None

    def _read(self, buffer):
        esp.flash_read(self._offset, buffer)

    def erase(self):
        pass


class Nvs:
    """A blob in the namespace `alink` of the default NVS partition."""

    name = "nvs"
    writable = True

    def __init__(self, key):
        self._key = key

    def read(self, size=256):
        while True:
            buffer = bytearray(size)
            try:
                count = esp32.NVS(_NAMESPACE).get_blob(self._key, buffer)
                return buffer if count == size else buffer[:count]
            except OSError as error:
                if error.errno != _NVS_INVALID_LENGTH or size >= _SECTOR:
                    if error.errno == _NVS_NOT_FOUND:
                        return None
                    raise StoreError("NVS error %s" % error)
            size *= 2

    def write(self, record):
        try:
            nvs = esp32.NVS(_NAMESPACE)
            nvs.set_blob(self._key, record)
            nvs.commit()
        except OSError as error:
            raise StoreError("NVS error %s" % error)

    def erase(self):
        try:
            nvs = esp32.NVS(_NAMESPACE)
            nvs.erase_key(self._key)
            nvs.commit()
        except OSError:
            pass  # It was not there.


class File:
    """A file on the vfs, replaced by rename."""

    writable = True

    def __init__(self, name):
        self.name = name

    def read(self, size=0):
        try:
            with open(self.name, "rb") as file:
                return _read_record(self._reader(file))
        except OSError:
            return None

    def _reader(self, file):
        def read(buffer):
            file.seek(0)
            file.readinto(buffer)

        return read

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


def _read_record(read):
    # Returns the record that `read(buffer)` finds at the start, None where none begins.
    header = bytearray(12)
    read(header)
    size = size_of(header)
    if not size or size > 3 * _SECTOR:
        return None
    record = bytearray(size)
    read(record)
    return record


def tries():
    """Return how many registrations were begun and have not ended."""
    try:
        return esp32.NVS(_NAMESPACE).get_i32(_TRIES)
    except OSError:
        return 0


def set_tries(count):
    """Keep that number in NVS. Raises StoreError."""
    try:
        nvs = esp32.NVS(_NAMESPACE)
        nvs.set_i32(_TRIES, count)
        nvs.commit()
    except OSError as error:
        raise StoreError("nvs does not take a number (%s); erase the nvs partition" % error)


def _partition(label):
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    return found[0] if found else None
