"""The locations in flash that can hold a copy of an identity record.

docs/explanation/identity.md, "Copies". Our partition table ("factory"): certificate in `fctry`,
credential in two sectors of `cred` and in NVS. Untouched table ("stock"): both in NVS and in a
file. If a stock image was flashed over a factory board, the ranges of the former partitions are
still read, raw, and never written.

Each location has a `name` and a flag `writable`. `read()` returns the record as a bytearray, or
None. `fill(buffer)` fills a buffer from the start of the copy and returns whether all its bytes
were there. `write(record)` and `erase()` change the copy. All except `erase` raise StoreError if
flash fails.
"""

import esp32
from micropython import const

from .. import heap
from ..errors import StoreError

_LONGEST = const(16384)  # Bytes of a record.
_NAMESPACE = const("alink")
_TRIES = const("tries")
_NVS_NOT_FOUND = const(-0x1102)
_NVS_INVALID_LENGTH = const(-0x110C)


def cert():
    """Return where the certificate can be, the one that counts first."""
    fctry = partition("fctry")
    if fctry:
        return (Sector("fctry", fctry, 0),)
    stock_copies = heap.load("boot.stock_copies")
    return (Nvs("cert"),) + stock_copies.cert(partition("vfs"))


def cred():
    """Return where the credential can be: what is not NVS first, NVS last."""
    cred = partition("cred")
    if cred:
        return Sector("cred", cred, 0), Sector("cred", cred, 1), Nvs("cred")
    stock_copies = heap.load("boot.stock_copies")
    return stock_copies.cred(partition("vfs")) + (Nvs("cred"),)


def same(record, places, log):
    """Make writable places hold `record`, each read back; return the names of those that do."""
    kept = []
    buffer = bytearray(len(record))  # One for all of them: heap is scarce here.
    for place in places:
        if not place.writable:
            continue
        try:
            if not place.fill(buffer) or buffer != record:
                place.write(record)
                if not place.fill(buffer) or buffer != record:
                    raise StoreError("it reads back different bytes")
            kept.append(place.name)
        except StoreError as error:
            log("could not write the record to %s: %s" % (place.name, error))
    return kept


class Sector:
    """One flash sector of a partition, one record at its start."""

    writable = True

    def __init__(self, name, partition, block):
        self.name = name
        self.writable = name != "fctry"
        self.partition = partition
        self.block = block

    def read(self):
        records = heap.load("boot.record")

        return records.load(self.fill)

    def fill(self, buffer):
        self.partition.readblocks(self.block, buffer, 0)
        return True

    def write(self, record):
        try:
            self.partition.ioctl(6, self.block)
            self.partition.writeblocks(self.block, record, 0)
        except OSError as error:
            raise StoreError("flash error %s" % error)

    def erase(self):
        self.partition.ioctl(6, self.block)


class Nvs:
    """A blob in the namespace `alink` of the default NVS partition."""

    name = "nvs"
    writable = True

    def __init__(self, key):
        self.key = key

    def read(self):
        size = 256
        while True:
            buffer = bytearray(size)
            count = self.get(buffer)
            if count <= size:
                return buffer[:count] if count else None
            size *= 2

    def fill(self, buffer):
        return self.get(buffer) == len(buffer)

    def get(self, buffer):
        # Returns how many bytes there are, one more than asked for where there are too many.
        try:
            return esp32.NVS(_NAMESPACE).get_blob(self.key, buffer)
        except OSError as error:
            if error.errno == _NVS_NOT_FOUND:
                return 0
            if error.errno == _NVS_INVALID_LENGTH and len(buffer) < _LONGEST:
                return len(buffer) + 1
            raise StoreError("NVS error %s" % error)

    def write(self, record):
        try:
            nvs = esp32.NVS(_NAMESPACE)
            nvs.set_blob(self.key, record)
            nvs.commit()
        except OSError as error:
            raise StoreError("NVS error %s" % error)

    def erase(self):
        try:
            nvs = esp32.NVS(_NAMESPACE)
            nvs.erase_key(self.key)
            nvs.commit()
        except OSError:
            pass  # It was not there.


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


def partition(label):
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    return found[0] if found else None
