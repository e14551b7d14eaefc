# `machine.mem32`: the registers that alink_sim/board/hmac_unit.py simulates.
import struct

from _board import call


class _Words:
    def __getitem__(self, address):
        return struct.unpack("<I", call(9, 0, "", struct.pack("<I", address)))[0]

    def __setitem__(self, address, value):
        call(10, 0, "", struct.pack("<II", address, value & 0xFFFFFFFF))


mem32 = _Words()
