"""The state of a chip outside its flash: `state.bin`, shared with the process.

    0 reset cause u8 · 1 how the process ended u8 · 2 length of the RTC memory u16 ·
    4 flash operations since power-on u32 · 8 number of the operation that power fails in u32 ·
    16 start of the RTC (its 2000-01-01), ms since 1970 u64 · 24 end of a deep sleep, ms u64 ·
    32 MAC, 6 bytes · 48 whether the REPL is in raw mode u8 · 49 whether an
    interrupt waits u8 · 50 the radio: 1 silent, 2 behind a captive portal u8 ·
    51 delay of the radio in 10 ms u8 · 52 offset of the running slot u32 ·
    56 port of the captive portal u16 · 64 RTC memory, 2048 bytes

The process writes everything except the reset cause, the operation to cut, the MAC and the running
slot. standins/_board.py uses the same layout.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from alink_formats import whole_file

_SIZE = 64 + 2048
FOREVER = 0xFFFFFFFFFFFFFFFF
"""The `until` of a `Waiting` without an end."""


class Reset(IntEnum):
    """The cause of a reset: the values of machine.reset_cause(), NONE and CUT."""

    NONE = 0
    POWER_ON = 1
    HARD = 2
    WATCHDOG = 3
    DEEP_SLEEP = 4
    SOFT = 5
    CUT = 9  # power failed inside a flash operation


@dataclass(frozen=True)
class Waiting:
    """A wait of a board on a ManualClock.

    `until` is in milliseconds since 1970, FOREVER for a wait without an end; `kind` is "sleep",
    "poll" or "deepsleep"; `looks` counts how often the board looked at clock and sockets, modulo
    256. Two waits can end at the same moment: `number` tells them apart, modulo 256.
    """

    until: int
    kind: str
    looks: int
    number: int


def read_waiting(path: Path) -> Waiting | None:
    """Return the wait in the file `waiting`: 8 bytes of time, 1 each of the others, or None."""
    until, kind, looks, number = struct.unpack("<QBBB", path.read_bytes())
    return Waiting(until, ("sleep", "poll", "deepsleep")[kind], looks, number) if until else None


def clear_waiting(path: Path) -> None:
    """Write that the board does not wait, in one step: a test's clock may read the file now."""
    whole_file.write(path, bytes(11))


def overwrite(path: Path, text: str) -> None:
    """Write a file that the board holds open and may read at any moment: it is never empty."""
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(text.encode())
        file.truncate()


class BoardState:
    """The file state.bin of a board."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, *, mac: bytes) -> None:
        """Write the state of a new board; `mac` has 6 bytes."""
        content = bytearray(_SIZE)
        content[32:38] = mac
        self._path.write_bytes(content)

    @property
    def cause(self) -> Reset:
        """Return the cause of the last reset."""
        return Reset(self._read(0, 1)[0])

    @property
    def ended(self) -> Reset:
        """Return how the process ended; NONE if it exited or the host killed it."""
        return Reset(self._read(1, 1)[0])

    @property
    def operations(self) -> int:
        """Return the number of flash operations since power-on, with an unfinished one."""
        return int(struct.unpack("<I", self._read(4, 4))[0])

    @property
    def cut_at(self) -> int:
        """Return the number of the flash operation that power fails in; 0 for no cut."""
        return int(struct.unpack("<I", self._read(8, 4))[0])

    def count_operation(self) -> int:
        """Count a flash operation of the chip's ROM; return its number since power-on."""
        number = self.operations + 1
        self._write(4, struct.pack("<I", number))
        return number

    @property
    def wake_at(self) -> int:
        """Return the end of a deep sleep in milliseconds since 1970, or FOREVER."""
        return int(struct.unpack("<Q", self._read(24, 8))[0])

    @property
    def mac(self) -> bytes:
        """Return the six bytes of machine.unique_id()."""
        return self._read(32, 6)

    @property
    def running(self) -> int:
        """Return the flash offset of the running application; 0 if no boot loader chose it."""
        return int(struct.unpack("<I", self._read(52, 4))[0])

    @running.setter
    def running(self, offset: int) -> None:
        self._write(52, struct.pack("<I", offset))

    def power_on(self, *, cut_at: int | None) -> None:
        """Start from power-on: the RTC has lost its time and memory."""
        self._write(0, struct.pack("<BBHII", Reset.POWER_ON, 0, 0, 0, cut_at or 0))
        self._write(16, bytes(16))
        self._write(48, bytes(8))

    def interrupt(self) -> None:
        """Tell the process that an interrupt waits."""
        self._write(49, b"\1")

    def set_radio(self, *, silent: bool, delay_ms: int, portal: int = 0) -> None:
        """Tell the process whether the radio carries bytes, how late, and only to a portal.

        `portal` is the port of the captive portal on this computer, 0 without one.
        """
        self._write(56, struct.pack("<H", portal))
        self._write(50, bytes((2 if portal else silent, delay_ms // 10)))

    def restart(self, cause: Reset) -> None:
        """Start the next process; the RTC and the counters keep their values."""
        self._write(0, bytes((cause, 0)))
        if cause is not Reset.SOFT:
            self._write(48, b"\0")

    def _read(self, offset: int, size: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _write(self, offset: int, data: bytes) -> None:
        with self._path.open("r+b") as file:
            file.seek(offset)
            file.write(data)
