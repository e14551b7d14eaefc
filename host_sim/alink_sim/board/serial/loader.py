"""The serial loader of a chip: it executes the host's requests and returns responses.

The documentation of esptool describes the protocol. Both directions use SLIP frames. A request is
direction 0 u8 · command u8 · size u16 · checksum u32 · data; a response is direction 1 u8 ·
command u8 · size u16 · value u32 · data · status. The status has four bytes from the ROM and two
from the flasher stub. The stub that esptool uploads is machine code; the loader does not run it,
but responds to its commands after its start.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import xor

from alink_formats.flash import SECTOR
from alink_sim.board.chips import Chip
from alink_sim.board.flash.flash_file import FlashFile
from alink_sim.board.serial import slip
from alink_sim.board.serial.download import (
    FAILED_TO_ACT,
    INVALID_CRC,
    Download,
    DownloadError,
)
from alink_sim.board.serial.registers import Registers
from alink_sim.board.serial.upload import Upload

_HEADER = struct.Struct("<BBHI")
_SYNC_VALUE = 0x20120707  # The first bytes of a SYNC packet.
_INVALID_MESSAGE = 0x05
_NOT_IMPLEMENTED = 0xFF
_ROM_READ = 64  # Bytes in every response to READ_FLASH_SLOW.


@dataclass
class LoaderCounts:
    """What hosts have done: resets into the loader, uploads of a stub, bytes read and hashed."""

    resets: int = 0
    stubs: int = 0
    bytes_read: int = 0
    bytes_hashed: int = 0


class Loader:
    """The chip in download mode, from one reset to the next.

    `leaves_to` is "" in download mode. At the end the host sets it to "run" (boot from flash) or,
    from the stub, to "download" (the ROM loader again).
    """

    def __init__(
        self, chip: Chip, flash: FlashFile, registers: Registers, counts: LoaderCounts
    ) -> None:
        self.baud = 115_200
        self.leaves_to = ""
        self._chip = chip
        self._flash = flash
        self._registers = registers
        self._counts = counts
        self._stub = False
        self._frames = slip.SlipDecoder()
        self._ram = Upload()
        self._download: Download | None = None
        self._upstream: _Reading | None = None

    @property
    def runs_stub(self) -> bool:
        """Return whether the host has uploaded and started the stub."""
        return self._stub

    def feed(self, data: bytes) -> bytes:
        """Process received bytes, in pieces of any size; return the bytes to send."""
        return b"".join(
            slip.encode(response)
            for packet in self._frames.feed(data)
            for response in self._packet(packet)
        )

    def _packet(self, packet: bytes) -> Iterable[bytes]:
        if self._upstream and len(packet) == 4:
            return self._upstream.acknowledge(int.from_bytes(packet, "little"))
        if len(packet) < _HEADER.size or packet[0] != 0:
            return ()
        _, command, size, checksum = _HEADER.unpack_from(packet)
        return self._responses(command, packet[_HEADER.size :][:size], checksum)

    def _responses(self, command: int, body: bytes, checksum: int) -> Iterable[bytes]:
        if command == 0x08:
            return [_HEADER.pack(1, command, 4, 0 if self._stub else _SYNC_VALUE) + bytes(4)] * 8
        handler = self._handlers().get(command)
        if handler is None:
            if self._stub:
                return [self._response(command, error=_NOT_IMPLEMENTED)]
            return [self._response(0, error=_INVALID_MESSAGE)] * 8  # Like the ROM.
        if command in {0x03, 0x07, 0x11} and _checksum(body[16:]) != checksum & 0xFF:
            return [self._response(command, error=INVALID_CRC)]
        try:
            result = handler(body)
        except (DownloadError, ValueError) as error:
            code = error.code if isinstance(error, DownloadError) else FAILED_TO_ACT
            return [self._response(command, error=code)]
        first = self._response(command, result if isinstance(result, bytes) else b"", value=result)
        return [first, *self._afterwards(command, body)]

    def _response(
        self, command: int, data: bytes = b"", *, value: object = 0, error: int = 0
    ) -> bytes:
        status = bytes((1 if error else 0, error)) + bytes(0 if self._stub else 2)
        number = value if isinstance(value, int) else 0
        return _HEADER.pack(1, command, len(data) + len(status), number) + data + status

    def _afterwards(self, command: int, body: bytes) -> Iterable[bytes]:
        # Return the bytes after the response: the greeting of a stub, the data of a read.
        if command == 0x06 and self._ram.starts(body):
            self._stub = True
            self._counts.stubs += 1
            return [b"OHAI"]
        if command == 0xD2:
            offset, size, block, window = struct.unpack_from("<IIII", body)
            self._counts.bytes_read += size
            self._upstream = _Reading(self._flash.read(offset, size), block, window)
            return self._upstream.frames()
        if command in {0x04, 0x12} and body[:1] == b"\0":
            self.leaves_to = "download" if self._stub else "run"
        return ()

    def _handlers(self) -> dict[int, Callable[[bytes], bytes | int | None]]:
        rom: dict[int, Callable[[bytes], bytes | int | None]] = {
            0x02: lambda body: self._begin(body, deflated=False),
            0x03: self._block,
            0x04: _nothing,
            0x05: self._ram.begin,
            0x06: _nothing,
            0x07: self._ram.block,
            0x09: self._write_register,
            0x0A: lambda body: self._registers.read(*struct.unpack_from("<I", body)),
            0x0B: _nothing,
            0x0D: _nothing,
            0x0E: self._read_slowly,
            0x0F: self._change_baud,
            0x10: lambda body: self._begin(body, deflated=True),
            0x11: self._block,
            0x12: _nothing,
            0x13: self._md5,
        }
        if self._chip.security_info:
            rom[0x14] = self._security_info
        if not self._stub:
            return rom
        return rom | {
            0xD0: lambda _: self._erase(0, self._flash.size),
            0xD1: lambda body: self._erase(*struct.unpack_from("<II", body)),
            0xD2: self._check_read,
        }

    def _begin(self, body: bytes, *, deflated: bool) -> None:
        size, _, _, offset = struct.unpack_from("<IIII", body)
        self._download = Download(self._flash, offset=offset, size=size, deflated=deflated)

    def _block(self, body: bytes) -> None:
        size, sequence = struct.unpack_from("<II", body)
        if self._download is None or len(body) != 16 + size:
            raise DownloadError(FAILED_TO_ACT)
        self._download.put(body[16:], sequence=sequence)

    def _write_register(self, body: bytes) -> None:
        for at in range(0, len(body), 16):
            address, value, mask, _delay = struct.unpack_from("<IIII", body, at)
            self._registers.write(address, value, mask)

    def _read_slowly(self, body: bytes) -> bytes:
        offset, size = struct.unpack_from("<II", body)
        self._counts.bytes_read += min(size, _ROM_READ)
        return self._flash.read(offset, min(size, _ROM_READ)).ljust(_ROM_READ, b"\0")

    def _change_baud(self, body: bytes) -> None:
        (self.baud,) = struct.unpack_from("<I", body)

    def _md5(self, body: bytes) -> bytes:
        data = self._flash.read(*struct.unpack_from("<II", body))
        self._counts.bytes_hashed += len(data)
        digest = hashlib.md5(data)
        return digest.digest() if self._stub else digest.hexdigest().encode()

    def _security_info(self, _: bytes) -> bytes:
        whole = struct.pack("<IB7xII", 0, 0, self._chip.chip_id, 0)
        return whole[: self._chip.security_info]

    def _erase(self, offset: int, size: int) -> None:
        for sector in range(offset, offset + size, SECTOR):
            self._flash.erase(sector)

    def _check_read(self, body: bytes) -> None:
        offset, size = struct.unpack_from("<II", body)
        if offset + size > self._flash.size:
            raise DownloadError(FAILED_TO_ACT)


class _Reading:
    # A read of flash: frames within the window that the host acknowledges, then an MD5.

    def __init__(self, data: bytes, block: int, window: int) -> None:
        self._data = data
        self._block = block
        self._ahead = block * window
        self._sent = 0
        self._known = 0

    def acknowledge(self, received: int) -> list[bytes]:
        self._known = received
        return self.frames()

    def frames(self) -> list[bytes]:
        ready = []
        while self._sent < min(len(self._data), self._known + self._ahead):
            ready.append(self._data[self._sent : self._sent + self._block])
            self._sent += len(ready[-1])
        if self._known >= len(self._data):
            ready.append(hashlib.md5(self._data).digest())
        return ready


def _nothing(_: bytes) -> None:
    # The simulated chip ignores this command.
    return


def _checksum(data: bytes) -> int:
    return reduce(xor, data, 0xEF)
