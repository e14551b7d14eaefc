"""What a simulated chip remembers beside its flash: `state.bin`, shared with the process.

    0 reset cause u8 · 1 how the process ended u8 · 2 length of the RTC memory u16 ·
    4 flash operations since power-on u32 · 8 the operation that power fails in u32 ·
    16 when the RTC said 2000-01-01, ms since 1970 u64 · 24 end of a deep sleep, the same u64 ·
    32 MAC, 6 bytes · 48 the REPL was in raw mode u8 · 52 where the running application lies u32 ·
    64 RTC memory, 2048 bytes

The process writes all but the cause, the cut, the MAC and the running application;
standins/_board.py knows the layout too.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_SIZE = 64 + 2048
FOREVER = 0xFFFFFFFFFFFFFFFF
"""The `until` of a `Waiting` that has no end."""


class Reset(IntEnum):
    """How a process ended, and why the next one begins: machine.reset_cause() and two more."""

    NONE = 0
    POWER_ON = 1
    HARD = 2
    WATCHDOG = 3
    DEEP_SLEEP = 4
    SOFT = 5
    CUT = 9  # power failed inside a flash operation


@dataclass(frozen=True)
class Waiting:
    """What a board under a test's clock waits for: until when, and doing what.

    `until` is milliseconds since 1970, FOREVER for a wait without end; `kind` is "sleep", "poll"
    or "deepsleep".
    """

    until: int
    kind: str


def read_waiting(path: Path) -> Waiting | None:
    """Return what the file `waiting` says: 8 bytes of time and one of the kind; None if not."""
    until, kind = struct.unpack("<QB", path.read_bytes())
    return Waiting(until, ("sleep", "poll", "deepsleep")[kind]) if until else None


class BoardState:
    """The file state.bin of a board."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self, *, mac: bytes) -> None:
        """Write the state of a board that never had power."""
        content = bytearray(_SIZE)
        content[32:38] = mac
        self._path.write_bytes(content)

    @property
    def ended(self) -> Reset:
        """How the process ended; NONE when it was killed from outside or left by itself."""
        return Reset(self._read(1, 1)[0])

    @property
    def operations(self) -> int:
        """Flash operations since power-on, a half one included."""
        return int(struct.unpack("<I", self._read(4, 4))[0])

    @property
    def cut_at(self) -> int:
        """The flash operation that power fails in, 0 for none."""
        return int(struct.unpack("<I", self._read(8, 4))[0])

    def count_operation(self) -> int:
        """Count a flash operation of the chip's ROM; return its number since power-on."""
        number = self.operations + 1
        self._write(4, struct.pack("<I", number))
        return number

    @property
    def wake_at(self) -> int:
        """When a deep sleep ends, in milliseconds since 1970; FOREVER if it does not."""
        return int(struct.unpack("<Q", self._read(24, 8))[0])

    @property
    def mac(self) -> bytes:
        """The six bytes of machine.unique_id()."""
        return self._read(32, 6)

    @property
    def running(self) -> int:
        """Where in flash the running application begins; 0 where no boot loader chose it."""
        return int(struct.unpack("<I", self._read(52, 4))[0])

    @running.setter
    def running(self, offset: int) -> None:
        self._write(52, struct.pack("<I", offset))

    def power_on(self, *, cut_at: int | None) -> None:
        """Begin anew: the RTC has lost its time and its memory."""
        self._write(0, struct.pack("<BBHII", Reset.POWER_ON, 0, 0, 0, cut_at or 0))
        self._write(16, bytes(16))
        self._write(48, bytes(8))

    def restart(self, cause: Reset) -> None:
        """Begin the next process; RTC and counters are kept."""
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
