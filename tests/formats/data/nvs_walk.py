"""Play 400 random changes on an NVS partition; print what happened and the bytes' digest.

Run by CPython and by each MicroPython: the lines must be the same.
"""

import binascii
import hashlib

from alink_formats import nvs


class Flash:
    def __init__(self, size):
        self.data = bytearray(b"\xff" * size)
        self.operations = 0

    def read(self, offset, size):
        return bytes(self.data[offset : offset + size])

    def write(self, offset, data):
        self.operations += 1
        for index in range(len(data)):
            self.data[offset + index] &= data[index]

    def erase(self, offset):
        self.operations += 1
        self.data[offset : offset + 4096] = b"\xff" * 4096


seed = [20261123]


def pick(limit):
    seed[0] = (seed[0] * 1103515245 + 12345) & 0x3FFFFFFF
    return (seed[0] >> 8) % limit


flash = Flash(0x4000)
store = nvs.Nvs(flash, 0, 0x4000)
for step in range(400):
    namespace = store.open(("alink", "app")[pick(2)])
    key = "key" + str(pick(7))
    try:
        what = pick(8)
        if what == 0:
            store.erase(namespace, key)
        elif what < 3:
            store.put(namespace, nvs.I32, key, bytes((pick(256), 0, 0, 0)))
        elif what == 3:
            store.put(namespace, nvs.STRING, key, b"text %d\0" % pick(1000))
        else:
            store.put(namespace, nvs.BLOB, key, bytes((pick(256),)) * pick((60, 900)[pick(2)]))
    except OSError as error:
        print(step, key, error.errno)  # noqa: T201
    if step % 50 == 49:
        digest = hashlib.sha256(flash.data).digest()
        print(step, flash.operations, binascii.hexlify(digest).decode())  # noqa: T201
        store = nvs.Nvs(flash, 0, 0x4000)
