"""Identity in flash: where the certificate was burned, where the credential is kept twice.

The only file that knows these places (docs/identity.md, "Places"). Partition table of our own
("factory"): certificate in `fctry`, credential in two sectors of `cred` and in NVS. Untouched
table ("stock"): both in NVS and in a file. Where a stock image was flashed over a factory board,
the old ranges are still read, raw, and never written.
"""

import os

import esp
import esp32
from micropython import const

from .certificate import belongs, check_certificate, check_credential
from .errors import StoreError
from .record import CERTIFICATE, CREDENTIAL, decode, encode, size_of

_FCTRY = const(0x1FB000)  # As in boards/*/partitions.csv; a test compares them.
_CRED = const(0x1FE000)
_SECTOR = const(4096)
_NAMESPACE = "alink"
_NVS_NOT_FOUND = const(-0x1102)
_NVS_INVALID_LENGTH = const(-0x110C)


class Store:
    """The identity of this board. `log` is told of copies that were damaged or repaired."""

    def __init__(self, log):
        self._log = log
        fctry = _partition("fctry")
        cred = _partition("cred")
        if fctry and cred:
            self._certificates = (_Sector("fctry", fctry, 0),)
            self._sectors = (_Sector("cred", cred, 0), _Sector("cred", cred, 1))
            self._credentials = self._sectors + (_Nvs("cred"),)
        else:
            self._certificates = (_Nvs("cert"), _File("/alink.cert"), _Raw(_FCTRY))
            self._sectors = (_File("/alink.cred"),)
            self._credentials = self._sectors + (
                _Nvs("cred"),
                _Raw(_CRED),
                _Raw(_CRED + _SECTOR),
            )

    def certificate(self):
        """Return (fields, place) of the burned certificate.

        A copy that is missing in a writable place is made. Raises StoreError naming the field
        that is wrong, or saying that nothing is burned.
        """
        problem = None
        for place in self._certificates:
            try:
                record = place.read()
                if record is not None:
                    fields = decode(record, CERTIFICATE)[1]
                    check_certificate(fields)
                    self._copy(record, self._certificates)
                    return fields, place.name
            except StoreError as error:
                problem = StoreError("the certificate in %s is unusable: %s" % (place.name, error))
                self._log(str(problem))
        raise problem or StoreError(
            "ProductKey, ProductSecret and DeviceName are missing: nothing is burned on this "
            "board; burn its certificate first"
        )

    def credential(self, certificate):
        """Return the newest valid credential of `certificate` (of any, if None), or None.

        The other place is repaired once; a failed repair is logged, never fatal.
        """
        newest = kept = None
        generation = 0
        for _, record, found, fields in self._found():
            if found > generation and (certificate is None or belongs(fields, certificate)):
                newest, generation, kept = record, found, fields
        if newest is None:
            return None
        copies = [place.read() == newest for place in self._sectors]
        if True not in copies:
            self._copy(newest, (self._spare(),))
        self._copy(newest, (_Nvs("cred"),))
        return kept

    def save(self, fields):
        """Keep a credential: the second place first, then NVS, each read back.

        Returns the names of the places that hold it. Raises StoreError when none does.
        """
        generation = 1
        for _, _, found, _ in self._found():
            generation = max(generation, found + 1)
        record = encode(CREDENTIAL, generation, fields)
        kept = self._copy(record, (self._spare(), _Nvs("cred")))
        if not kept:
            raise StoreError("flash took the credential in no place; replace this board")
        return " and ".join(kept)

    def forget(self):
        """Erase the credential in every writable place; the board will register again."""
        for place in self._credentials:
            place.erase()

    def attempts(self):
        """Return how many registrations were begun and have not ended."""
        try:
            return esp32.NVS(_NAMESPACE).get_i32("tries")
        except OSError:
            return 0

    def set_attempts(self, count):
        """Keep the number of unfinished registrations. Raises StoreError."""
        try:
            nvs = esp32.NVS(_NAMESPACE)
            nvs.set_i32("tries", count)
            nvs.commit()
        except OSError as error:
            raise StoreError("nvs does not take a number (%s); erase the nvs partition" % error)

    def _found(self):
        for place in self._credentials:
            try:
                record = place.read()
                if record is not None:
                    generation, fields = decode(record, CREDENTIAL)
                    check_credential(fields)
                    yield place, record, generation, fields
            except StoreError as error:
                self._log("the credential in %s is unusable: %s" % (place.name, error))

    def _spare(self):
        # The sector that does not hold the newest credential.
        best, newest = 0, None
        for place, _, generation, _ in self._found():
            if place in self._sectors and generation > best:
                best, newest = generation, place
        for place in self._sectors:
            if place is not newest:
                return place
        return self._sectors[0]

    def _copy(self, record, places):
        kept = []
        for place in places:
            try:
                if place.read() != record:
                    place.write(record)
                    if place.read() != record:
                        raise StoreError("it reads back differently")
                kept.append(place.name)
            except StoreError as error:
                if place.writable:
                    self._log("%s does not take the record: %s" % (place.name, error))
        return kept


class _Sector:
    # One flash sector of a partition, one record at its start.
    writable = True

    def __init__(self, name, partition, block):
        self.name = name
        self.writable = name != "fctry"
        self._partition = partition
        self._block = block

    def read(self):
        return _read_record(self._read)

    def _read(self, buffer):
        self._partition.readblocks(self._block, buffer, 0)

    def write(self, record):
        if not self.writable:
            raise StoreError("read-only")
        try:
            self._partition.ioctl(6, self._block)
            self._partition.writeblocks(self._block, record, 0)
        except OSError as error:
            raise StoreError("flash error %s" % error)

    def erase(self):
        self._partition.ioctl(6, self._block)


class _Raw:
    # A range of flash that no partition names any more.
    name = "the former partition"
    writable = False

    def __init__(self, offset):
        self._offset = offset

    def read(self):
        return _read_record(self._read)

    def _read(self, buffer):
        esp.flash_read(self._offset, buffer)

    def write(self, record):
        raise StoreError("read-only")

    def erase(self):
        pass


class _Nvs:
    # A blob in the namespace `alink` of the default NVS partition.
    name = "nvs"
    writable = True

    def __init__(self, key):
        self._key = key

    def read(self):
        size = 256
        while True:
            buffer = bytearray(size)
            try:
                count = esp32.NVS(_NAMESPACE).get_blob(self._key, buffer)
                return bytes(memoryview(buffer)[:count])
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


class _File:
    # A file on the vfs, replaced by rename.
    writable = True

    def __init__(self, name):
        self.name = name

    def read(self):
        try:
            with open(self.name, "rb") as file:
                return file.read(_SECTOR)
        except OSError:
            return None

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
    return bytes(record)


def _partition(label):
    found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=label)
    return found[0] if found else None
