"""What uses no MicroPython heap on a chip, NVS to peripherals: calls through two pipes.

A call is method u8 · namespace u8 · length of the key u8 · length of the data u32 · key · data.
The reply is error i32 (0 for success) · length u32 · data, or the name of the error.
The stand-ins make the calls. Method 20 is a peripheral's (alink_sim/board/peripherals/calls.py).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

from alink_formats import nvs
from alink_formats.flash import SECTOR
from alink_formats.partitions import Partition, PartitionTable
from alink_sim.board.flash.flash_file import FlashFile
from alink_sim.board.flash.ota_data import OtaData
from alink_sim.board.hmac_unit import HmacUnit
from alink_sim.board.interpreter.bootloader import image_error
from alink_sim.board.interpreter.state import BoardState

HEADER = struct.Struct("<BBBI")
_REPLY = struct.Struct("<iI")
_PERIPHERAL = 20
_NO_FREE_PAGES = -0x110D
_NEW_VERSION = -0x1110


class Rom:
    """NVS, opened as the firmware opens it at boot, and `otadata`, for one process.

    It erases the whole partition without a message if that has no free page or a later version.
    Any call raises PowerCutError if power fails in it.
    """

    def __init__(
        self,
        flash: FlashFile,
        table: PartitionTable,
        chip_id: int,
        unit: HmacUnit | None = None,
        *,
        peripherals: Callable[[bytes], bytes],
    ) -> None:
        """Open the partitions of the table; calls to a missing one return an error.

        `unit` has the registers of the chip that are simulated, None if it has no HMAC unit.
        `peripherals` replies to a call of a peripheral.
        """
        self._unit = unit
        self._peripherals = peripherals
        self._flash = flash
        self._chip_id = chip_id
        self._choice = OtaData(flash, table)
        self._store: nvs.Nvs | None = None
        part = next((one for one in table.partitions if one.name == "nvs"), None)
        if part is None:
            return
        try:
            self._store = nvs.Nvs(_Window(flash, part), 0, part.size)
        except OSError as error:
            if error.errno not in (_NO_FREE_PAGES, _NEW_VERSION):
                raise
            for sector in range(part.offset, part.end, SECTOR):
                flash.erase(sector)
            self._store = nvs.Nvs(_Window(flash, part), 0, part.size)

    def call(self, header: bytes, body: bytes) -> bytes:
        """Return the reply to a call."""
        method, namespace, key_size, _ = HEADER.unpack(header)
        key, data = body[:key_size].decode(), body[key_size:]
        try:
            reply = self._do(method, namespace, key, data)
        except OSError as error:
            name = str(error.strerror).encode()
            return _REPLY.pack(error.errno or -1, len(name)) + name
        return _REPLY.pack(0, len(reply)) + reply

    def _do(self, method: int, namespace: int, key: str, data: bytes) -> bytes:
        if method == _PERIPHERAL:
            return self._peripherals(data)
        if method in (9, 10):
            return self._register(method, data)
        if method > 5:
            return self._choose(method, int.from_bytes(data, "little"))
        store = self._store
        if store is None:
            raise nvs.error(15, "PART_NOT_FOUND")
        match method:
            case 0:
                return bytes((store.open(key),))
            case 1:
                return store.get(namespace, nvs.I32, key)[:4]
            case 2:
                store.put(namespace, nvs.I32, key, data)
            case 3:
                value = bytes(store.blob(namespace, key))
                if len(value) > int.from_bytes(data, "little"):
                    raise nvs.error(12, "INVALID_LENGTH")
                return value
            case 4:
                store.put(namespace, nvs.BLOB, key, data)
            case 5:
                store.erase(namespace, key)
        return b""

    def _register(self, method: int, data: bytes) -> bytes:
        if self._unit is None:
            raise OSError(-1, "this chip has no register that is simulated")
        if method == 9:
            return struct.pack("<I", self._unit.read(int.from_bytes(data, "little")))
        self._unit.write(*struct.unpack("<II", data))
        return b""

    def _choose(self, method: int, offset: int) -> bytes:
        # Return the flash offset of the slot that boots next; 0 if no slot is chosen.
        choice = self._choice
        try:
            if method == 6:
                slot = next((one for one in choice.slots if one.offset == offset), None)
                if slot is None:
                    raise OSError(-0x102, "ESP_ERR_INVALID_ARG")
                if image_error(self._flash, slot, self._chip_id):
                    raise OSError(-0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")
                choice.select(slot)
            elif method == 7:
                choice.confirm()
        except LookupError:
            raise OSError(-0x105, "ESP_ERR_NOT_FOUND") from None
        chosen = choice.chosen()
        return struct.pack("<I", chosen.offset if chosen else 0)


class ChipFlash(FlashFile):
    """The flash of a board under power; it shares the count of operations with the process."""

    def __init__(self, path: Path, state: BoardState) -> None:
        super().__init__(path, cut_at=state.cut_at or None)
        self._state = state

    def _count(self) -> int:
        self.operations = self._state.count_operation()
        return self.operations


class _Window:
    """A partition of the flash; reads come from a copy in memory."""

    def __init__(self, flash: FlashFile, part: Partition) -> None:
        self._flash = flash
        self._base = part.offset
        self._copy = bytearray(flash.read(part.offset, part.size))

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self._copy[offset : offset + size])

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._flash.write(self._base + offset, data)
        self._copy[offset : offset + len(data)] = self._flash.read(self._base + offset, len(data))

    def erase(self, offset: int) -> None:
        self._flash.erase(self._base + offset)
        self._copy[offset : offset + SECTOR] = b"\xff" * SECTOR
