# Stand-ins for core tests: a connection, a server's packets, flash in RAM. No network, no time.
import struct
import sys


def forget(*rooms):
    """Have the next import of a module of these rooms load it again."""
    for room in rooms:
        start = "alink." + room
        for name in list(sys.modules):
            if name == start or name.startswith(start + "."):
                package, _, leaf = name.rpartition(".")
                del sys.modules[name]
                if package in sys.modules:
                    sys.modules[package].__dict__.pop(leaf, None)


class Connection:
    """Takes packets, gives scripted bytes; `chunk` bytes a read, None between two reads."""

    def __init__(self, incoming=b"", chunk=None):
        self.peer = "iot.example:8883"
        self.incoming = incoming
        self.chunk = chunk
        self.sent = []
        self.waits = 0
        self.closed = False
        self.written = False
        self.answers = {}  # First byte of a sent packet to what comes back.
        self.error = None
        self._pause = False

    def readinto(self, view):
        if self.error and not self.incoming:
            raise self.error
        if not self.incoming or self._pause:
            self._pause = False
            return None
        count = min(len(view), len(self.incoming), self.chunk or len(view))
        view[:count] = self.incoming[:count]
        self.incoming = self.incoming[count:]
        self._pause = self.chunk is not None
        return count

    def send(self, view):
        packet = bytes(view)
        self.sent.append(packet)
        self.written = True
        self.incoming += self.answers.get(packet[0], b"")

    def timeout(self):
        return 1000

    def wait(self, ms, write=False):
        self.waits += 1
        return bool(self.incoming)

    def close(self):
        self.closed = True


def publish(topic, payload, qos=0, packet_id=7):
    """The bytes of a PUBLISH that a server sends."""
    body = struct.pack(">H", len(topic)) + topic
    if qos:
        body += struct.pack(">H", packet_id)
    body += payload
    size = len(body)
    head = bytes((0x30 | qos << 1,))
    while size > 127:
        head += bytes((size & 127 | 128,))
        size >>= 7
    return head + bytes((size,)) + body


CONNACK = b"\x20\x02\x00\x00"


class Steps:
    """While entered, `heap.call` finds these in place of the functions of those names."""

    def __init__(self, **functions):
        self._functions = functions

    def __enter__(self):
        from alink import heap

        self._usual, heap.call = heap.call, self._call
        return self

    def __exit__(self, *_):
        from alink import heap

        heap.call = self._usual

    def _call(self, step, function, *arguments):
        if function in self._functions:
            return self._functions[function](*arguments)
        return self._usual(step, function, *arguments)


class Flash:
    """4 MiB of nothing but the sectors that were written."""

    def __init__(self):
        self.sectors = {}
        self.writes = 0
        self.fail = None  # A place whose writes fail: "cred" or "nvs".

    def read(self, offset, buffer):
        for at in range(len(buffer)):
            sector = self.sectors.get((offset + at) // 4096)
            buffer[at] = sector[(offset + at) % 4096] if sector else 0xFF

    def erase(self, offset):
        self.sectors.pop(offset // 4096, None)

    def write(self, offset, data):
        self.writes += 1
        for at, byte in enumerate(data, offset):
            sector = self.sectors.setdefault(at // 4096, bytearray(b"\xff" * 4096))
            sector[at % 4096] &= byte


class _Partition:
    TYPE_DATA = 1
    board = None

    def __init__(self, label, offset, size):
        self.label, self.offset, self.size = label, offset, size

    @classmethod
    def find(cls, kind=0, subtype=255, label=None):
        return [part for part in cls.board.partitions if part.label == label]

    def info(self):
        return 1, 2, self.offset, self.size, self.label, False

    def readblocks(self, block, buffer, offset=0):
        self.board.flash.read(self.offset + block * 4096 + offset, buffer)

    def writeblocks(self, block, data, offset=None):
        if self.board.flash.fail == self.label:
            raise OSError(-261, "ESP_ERR_FLASH_OP_FAIL")
        self.board.flash.write(self.offset + block * 4096 + offset, data)

    def ioctl(self, op, block):
        assert op == 6, op
        if self.board.flash.fail != self.label:
            self.board.flash.erase(self.offset + block * 4096)


class _Nvs:
    board = None

    def __init__(self, namespace):
        self.values = self.board.nvs

    def get_blob(self, key, buffer):
        if key not in self.values:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        value = self.values[key]
        if len(value) > len(buffer):
            raise OSError(-0x110C, "ESP_ERR_NVS_INVALID_LENGTH")
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, key, value):
        if self.board.flash.fail == "nvs":
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self.values[key] = bytes(value)

    def get_i32(self, key):
        if key not in self.values:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        return self.values[key]

    def set_i32(self, key, value):
        if self.board.flash.fail == "nvs":
            raise OSError(-0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        self.values[key] = value

    def erase_key(self, key):
        if key not in self.values:
            raise OSError(-0x1102, "ESP_ERR_NVS_NOT_FOUND")
        del self.values[key]

    def commit(self):
        pass


class Board:
    """`esp` and `esp32` over RAM, installed as modules; layout "factory" or "stock"."""

    def __init__(self, layout="factory"):
        self.flash = Flash()
        self.nvs = {}
        self.partitions = [
            _Partition("nvs", 0x9000, 0x6000),
            _Partition("vfs", 0x200000, 0x200000),
        ]
        if layout == "factory":
            self.partitions.append(_Partition("fctry", 0x1FB000, 0x3000))
            self.partitions.append(_Partition("cred", 0x1FE000, 0x2000))
        _Partition.board = _Nvs.board = self
        self.Partition = _Partition
        self.NVS = _Nvs
        self.flash_read = self.flash.read
        sys.modules["esp32"] = sys.modules["esp"] = self
        forget("boot")

    def burn(self, record):
        """Put a record where the line would burn it in the factory layout."""
        self.flash.write(0x1FB000, record)
