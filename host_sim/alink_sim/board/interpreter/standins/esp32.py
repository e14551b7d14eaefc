# `esp32` of an ESP32: partitions, and NVS on the default partition `nvs`.
import struct

import _board
from _board import call


class Partition:
    TYPE_APP = 0
    TYPE_DATA = 1
    BOOT = 0
    RUNNING = 1

    def __init__(self, label):
        # `find` passes an entry of the table as `label`; 0 and 1 mean an application.
        if label in (0, 1):
            label = self.__getattr__(label)
        if not isinstance(label, bytes):
            for entry in _entries():
                if label == _label(entry):
                    break
            else:
                raise OSError(2)
            label = entry
        offset, size = struct.unpack_from("<II", label, 4)
        self._info = label[2], label[3], offset, size, _label(label), bool(label[28] & 1)
        self._readonly = label[28] & 2

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        return [
            Partition(e)
            for e in _entries()
            if e[2] == type and subtype in (0xFF, e[3]) and label in (None, _label(e))
        ]

    def info(self):
        return self._info

    def __getattr__(self, name):
        # Only an update uses these attributes: no other boot has their names in its heap.
        import _slots

        return _slots.find(self, name, _entries)

    def readblocks(self, block, buffer, offset=0):
        _board.read_into(self._at(block * 4096 + offset, len(buffer)), buffer)

    def writeblocks(self, block, data, offset=None):
        at = self._at(block * 4096 + (offset or 0), len(data), self._readonly)
        if offset is None:
            for sector in range(at, at + len(data), 4096):
                _board.erase(sector)
        _board.write(at, data)

    def ioctl(self, request, argument):
        if request == 4:
            return self._info[3] // 4096
        if request == 5:
            return 4096
        if request == 6:
            _board.erase(self._at(argument * 4096, 4096, self._readonly))
        return 0

    def _at(self, offset, size, refused=0):
        if refused:
            raise OSError(-269, "ESP_ERR_NOT_ALLOWED")
        if offset + size > self._info[3]:
            raise OSError(-260, "ESP_ERR_INVALID_SIZE")
        return self._info[2] + offset


def _entries():
    at = 0x8000
    end = has_vfs = 0
    while True:
        entry = _board.read(at, 32)
        if entry[:2] != b"\xaaP":
            break
        yield entry
        offset, size = struct.unpack_from("<II", entry, 4)
        end = max(end, offset + size)
        has_vfs |= _label(entry) == "vfs"
        at += 32
    if not has_vfs:  # Since 1.26 the firmware adds one that fills the rest of the flash.
        size = _board.flash.seek(0, 2) - end
        yield struct.pack("<2sBBII16sI", b"\xaaP", 1, 0x81, end, size, b"vfs", 0)


def _label(entry):
    return str(entry[12:28].rstrip(b"\0"), "ascii")


class NVS:
    def __init__(self, namespace):
        self._namespace = call(0, 0, namespace)[0]

    def get_i32(self, key):
        return struct.unpack("<i", call(1, self._namespace, key))[0]

    def set_i32(self, key, value):
        call(2, self._namespace, key, struct.pack("<i", value))

    def get_blob(self, key, buffer):
        return call(3, self._namespace, key, struct.pack("<I", len(buffer)), buffer)

    def set_blob(self, key, value):
        call(4, self._namespace, key, value.encode() if isinstance(value, str) else value)

    def erase_key(self, key):
        call(5, self._namespace, key)

    def commit(self):
        pass  # Every set writes to flash at once, as in ESP-IDF.


def __getattr__(name):
    if name == "idf_heap_info":  # See _two_heaps.py. The SDK asks for it: no call to the host.
        raise AttributeError(
            "esp32.idf_heap_info: only a board with heap=chip has the two heaps of a chip"
        )
    import _peripherals

    return _peripherals.find("esp32", name)
