"""Sign with a key that software cannot read: the HMAC unit and an eFuse block of the chip.

docs/explanation/security.md. ESP32-C3, -S3, -S2 and -C6, by the registers of `machine.mem32`.
Loaded for one signature, before Wi-Fi is active: Wi-Fi and TLS use the SHA unit too, and its lock
cannot be taken from Python. Not tried on silicon.
"""

import os
from binascii import hexlify
from struct import pack, unpack_from

from esp32 import Partition
from machine import mem32
from micropython import const

from .. import heap
from ..errors import StoreError

utc = heap.load("utc")
contents = heap.load("sign")

_KEYS = const(6)
_UPSTREAM = const(8)  # The purpose HMAC_UP.
_WAITS = const(10000)

# By the chip's number in the header of its image: base of the HMAC unit, base of the eFuses, and
# where clocks and resets of HMAC, DS and SHA are: register and bits of the clock, of the reset.
_CHIPS = {
    5: (0x6003E000, 0x60008800, ((0x600C0014, 0x34, 0x600C001C, 0x34),)),  # ESP32-C3
    9: (0x6003E000, 0x60007000, ((0x600C001C, 0x34, 0x600C0024, 0x34),)),  # ESP32-S3
    2: (0x6003E000, 0x3F41A000, ((0x3F4C0044, 0x34, 0x3F4C004C, 0x34),)),  # ESP32-S2
    13: (  # ESP32-C6
        0x6008D000,
        0x600B0800,
        (
            (0x600960E4, 1, 0x600960E4, 2),
            (0x600960E0, 1, 0x600960E0, 2),
            (0x600960CC, 1, 0x600960CC, 2),
        ),
    ),
}


def signed(fields, name):
    """Return what replaces the secret `name` of a board's fields: a signature made by the chip.

    For the ProductSecret, the random number and the signature of registrations; for the
    DeviceSecret, the timestamp and the signature of logins, all of them alike. Raises StoreError.
    """
    wifi = heap.load("boot.wifi")
    if wifi.is_on():
        raise StoreError(
            "Wi-Fi is on, and an eFuse key can only sign before: call from_flash() first, or "
            "machine.reset()"
        )
    method = fields.get("SignMethod", b"hmacsha256")
    device, key = fields["DeviceName"], fields["ProductKey"]
    if name == "ProductSecret":
        covered = hexlify(os.urandom(8))
        content = contents.register_content(device, key, covered)
    else:
        covered = fields.get("Timestamp") or utc.milliseconds()
        content = contents.login_content(b"%s.%s" % (key, device), device, key, covered)
    return covered, hmac(fields[name], method, content)


def hmac(value, method, message):
    """Return HMAC-SHA256(key, message) in hex for `value`, b"efuse:N": the key in block N, 0..5.

    Raises StoreError if the chip, the block or `method` cannot do it.
    """
    block = int(value[6:]) if value[6:].isdigit() else _KEYS
    if block >= _KEYS:
        raise StoreError("%s is not an eFuse block; burn efuse:0 to efuse:5" % value.decode())
    if method != b"hmacsha256":
        raise StoreError(
            "the HMAC unit signs hmacsha256 only, SignMethod is %s: burn the certificate again"
            % method.decode()
        )
    header = bytearray(16)
    running = Partition(Partition.RUNNING)  # pyright: ignore[reportArgumentType]
    running.readblocks(0, header, 0)
    if header[0] != 0xE9 or header[12] not in _CHIPS:
        raise StoreError(
            "this chip has no HMAC unit (image of chip %d): use an ESP32-C3, -S3, -S2 or -C6, or "
            "burn the secret" % header[12]
        )
    unit, efuses, gates = _CHIPS[header[12]]
    check(efuses, block)
    return hexlify(sign(unit, gates, block, message))


def check(efuses, block):
    """Raise StoreError if the block is not for HMAC_UP, or is empty."""
    at, shift = (0x34, 24 + 4 * block) if block < 2 else (0x38, 4 * block - 8)
    purpose = mem32[efuses + at] >> shift & 0xF
    if purpose != _UPSTREAM:
        raise StoreError(
            "eFuse block %d has purpose %d, not 8 (HMAC_UP): burn its key on the line"
            % (block, purpose)
        )
    if not mem32[efuses + 0x30] >> block & 1:
        for offset in range(0, 32, 4):
            if mem32[efuses + 0x9C + 32 * block + offset]:
                return
        raise StoreError("eFuse block %d is empty: burn its key on the line" % block)


def sign(unit, gates, block, message):
    """Return HMAC-SHA256 of a message, 32 bytes. Raises StoreError."""
    size = len(message)
    # The length in bits counts the block of the key, which the unit has put in front.
    data = message + b"\x80" + bytes((55 - size) % 64) + pack(">Q", 8 * size + 512)
    before = [mem32[clock] for clock, _, _, _ in gates]
    for clock, on, _, _ in gates:
        mem32[clock] = mem32[clock] | on
    for _, _, reset, bits in gates:
        mem32[reset] = mem32[reset] | bits
    for _, _, reset, bits in gates:
        mem32[reset] = mem32[reset] & ~bits
    try:
        _idle(unit)
        mem32[unit + 0x40] = 1
        _idle(unit)
        mem32[unit + 0x44] = _UPSTREAM
        mem32[unit + 0x48] = block
        mem32[unit + 0x4C] = 1
        _idle(unit)
        if mem32[unit + 0x68]:
            raise StoreError("the HMAC unit refuses eFuse block %d: its purpose is wrong" % block)
        last = len(data) - 64
        for start in range(0, len(data), 64):
            if start:
                mem32[unit + (0xF0 if start == last else 0x54)] = 1
                _idle(unit)
            for at in range(0, 64, 4):
                mem32[unit + 0x80 + at] = unpack_from("<I", data, start + at)[0]
            mem32[unit + 0x50] = 1
            _idle(unit)
        if not last:
            mem32[unit + 0xF4] = 1
            _idle(unit)
        return b"".join([pack("<I", mem32[unit + 0xC0 + at]) for at in range(0, 32, 4)])
    finally:
        mem32[unit + 0x5C] = 2  # Forget the result.
        for number, (clock, _, _, _) in enumerate(gates):
            mem32[clock] = before[number]


def _idle(unit):
    for _ in range(_WAITS):
        if not mem32[unit + 0x6C]:
            return
    raise StoreError("the HMAC unit stays busy; reset the board")
