"""Choose the application that boots: the two entries of `otadata`, by ESP-IDF's rollback rules.

Each of two sectors begins with an entry: sequence u32 · 20 bytes · state u32 · CRC-32 of the
sequence u32. The valid entry with the highest sequence that was not rolled back counts. Sequence n
names slot (n - 1) modulo the number of slots. Every write erases its sector first, so power can
fail in between.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace

from alink_formats.flash import SECTOR
from alink_formats.partitions import Partition, PartitionTable
from alink_sim.board.flash.flash_file import FlashFile

NEW, PENDING, VALID, INVALID, ABORTED = range(5)  # States of an image; 0xFFFFFFFF means undefined.

_ENTRY = struct.Struct("<I20sII")
_BLANK = 0xFFFFFFFF
_FACTORY = -1


@dataclass(frozen=True)
class SelectEntry:
    """One of the two entries, valid or not (esp_ota_select_entry_t)."""

    sequence: int
    label: bytes
    state: int
    crc: int

    @property
    def is_valid(self) -> bool:
        """Return whether it names a slot."""
        return self.sequence != _BLANK and self.crc == _crc(self.sequence)

    @property
    def counts(self) -> bool:
        """Return whether the slot that it names may boot."""
        return self.is_valid and self.state not in (INVALID, ABORTED)


class OtaData:
    """The stored choice of a slot; the boot loader and the firmware change it."""

    def __init__(self, flash: FlashFile, table: PartitionTable) -> None:
        self._flash = flash
        slots = [slot for slot in table.slots if 0x10 <= slot.subtype < 0x20]
        self.slots = sorted(slots, key=lambda slot: slot.subtype)
        self._factory = [slot for slot in table.slots if slot.subtype == 0]
        found = [one for one in table.partitions if (one.type, one.subtype) == (1, 0)]
        self._offset = found[0].offset if found and self.slots else None

    def entries(self) -> list[SelectEntry]:
        """Return both entries; [] if the table has no `otadata` or no OTA slot."""
        if self._offset is None:
            return []
        offsets = (self._offset, self._offset + SECTOR)
        return [SelectEntry(*_ENTRY.unpack(self._flash.read(at, _ENTRY.size))) for at in offsets]

    def chosen(self) -> Partition | None:
        """Return the slot that the entries choose; None if they do not choose one."""
        active = self._active()
        if active is None:
            return None
        return self.slots[(self.entries()[active].sequence - 1) % len(self.slots)]

    def boot(self) -> list[Partition]:
        """Act as the boot loader; return the applications in the order in which it tries them.

        It rolls back an image whose trial was not confirmed, and starts the trial of a new one.
        """
        for number, entry in enumerate(self.entries()):
            if entry.state == PENDING:
                self._write(number, replace(entry, state=ABORTED))
        active, first = self._active(), self.chosen()
        if active is not None and self.entries()[active].state == NEW:
            self._write(active, replace(self.entries()[active], state=PENDING))
        start = self.slots.index(first) if first else (_FACTORY if self._factory else 0)
        downwards = [*self._factory, *self.slots[: start + 1]][::-1]
        return downwards + self.slots[start + 1 :]

    def started(self, slot: Partition) -> None:
        """Store the slot that booted if no entry is valid yet, as the boot loader does."""
        entries = self.entries()
        if slot in self.slots and entries and not any(entry.is_valid for entry in entries):
            self._write(0, _entry(self.slots.index(slot) + 1, VALID))

    def select(self, slot: Partition) -> None:
        """Choose the slot that boots next, on trial.

        Raises LookupError if it is not an OTA slot or the table has no `otadata`.
        """
        entries = self.entries()
        if slot not in self.slots or not entries:
            raise LookupError
        active, number = self._active(), self.slots.index(slot) + 1
        sequence = entries[active].sequence if active is not None else 0
        while number < sequence:
            number += len(self.slots)
        self._write(0 if active is None else 1 - active, _entry(number, NEW))

    def confirm(self) -> None:
        """Confirm the running image. Raises LookupError if no entry chose it."""
        active = self._active()
        if active is None:
            raise LookupError
        entry = self.entries()[active]
        if entry.state != VALID:
            self._write(active, replace(entry, state=VALID))

    def _active(self) -> int | None:
        counting = [number for number, entry in enumerate(self.entries()) if entry.counts]
        return max(counting, key=lambda number: self.entries()[number].sequence, default=None)

    def _write(self, number: int, entry: SelectEntry) -> None:
        assert self._offset is not None  # noqa: S101  The caller has read entries.
        at = self._offset + number * SECTOR
        self._flash.erase(at)
        fields = (entry.sequence, entry.label, entry.state, entry.crc)
        self._flash.write(at, _ENTRY.pack(*fields))


def _entry(sequence: int, state: int) -> SelectEntry:
    return SelectEntry(sequence, b"\xff" * 20, state, _crc(sequence))


def _crc(sequence: int) -> int:
    return zlib.crc32(sequence.to_bytes(4, "little"), 0xFFFFFFFF)
