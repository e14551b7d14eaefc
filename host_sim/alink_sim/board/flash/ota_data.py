"""Which application starts: the two records of `otadata`, by ESP-IDF's rules with rollback.

A record stands at the start of each of two sectors: sequence u32 · 20 bytes · state u32 · CRC-32
of the sequence u32. The newest that is right and not given up counts; sequence n means slot
(n - 1) modulo the number of slots. Every write erases a sector first: power can fail in between.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace

from alink_formats.flash import SECTOR
from alink_formats.partitions import Partition, PartitionTable
from alink_sim.board.flash.flash_file import FlashFile

NEW, PENDING, VALID, INVALID, ABORTED = range(5)  # States of an image; all bits set: undefined.

_RECORD = struct.Struct("<I20sII")
_BLANK = 0xFFFFFFFF
_FACTORY = -1


@dataclass(frozen=True)
class SelectEntry:
    """One of the two records, right or not."""

    sequence: int
    label: bytes
    state: int
    crc: int

    @property
    def is_right(self) -> bool:
        """Whether it names a slot at all."""
        return self.sequence != _BLANK and self.crc == _crc(self.sequence)

    @property
    def counts(self) -> bool:
        """Whether the slot it names may start."""
        return self.is_right and self.state not in (INVALID, ABORTED)


class OtaData:
    """The choice that is stored in a flash, and who changes it: boot loader and firmware."""

    def __init__(self, flash: FlashFile, table: PartitionTable) -> None:
        self._flash = flash
        slots = [slot for slot in table.slots if 0x10 <= slot.subtype < 0x20]
        self.slots = sorted(slots, key=lambda slot: slot.subtype)
        self._factory = [slot for slot in table.slots if slot.subtype == 0]
        found = [one for one in table.partitions if (one.type, one.subtype) == (1, 0)]
        self._place = found[0].offset if found and self.slots else None

    def records(self) -> list[SelectEntry]:
        """Return both records, none where the table has no place for them."""
        if self._place is None:
            return []
        places = (self._place, self._place + SECTOR)
        return [SelectEntry(*_RECORD.unpack(self._flash.read(at, _RECORD.size))) for at in places]

    def chosen(self) -> Partition | None:
        """Return the slot that the records choose, None where they choose none."""
        active = self._active()
        if active is None:
            return None
        return self.slots[(self.records()[active].sequence - 1) % len(self.slots)]

    def boot(self) -> list[Partition]:
        """Do what the boot loader does; return the applications in the order it tries them.

        A trial that was not confirmed is over, a new image has its trial now.
        """
        for number, record in enumerate(self.records()):
            if record.state == PENDING:
                self._write(number, replace(record, state=ABORTED))
        active, first = self._active(), self.chosen()
        if active is not None and self.records()[active].state == NEW:
            self._write(active, replace(self.records()[active], state=PENDING))
        start = self.slots.index(first) if first else (_FACTORY if self._factory else 0)
        downwards = [*self._factory, *self.slots[: start + 1]][::-1]
        return downwards + self.slots[start + 1 :]

    def started(self, slot: Partition) -> None:
        """Note which slot was started where nothing was chosen yet, as the boot loader does."""
        records = self.records()
        if slot in self.slots and records and not any(record.is_right for record in records):
            self._write(0, _record(self.slots.index(slot) + 1, VALID))

    def select(self, slot: Partition) -> None:
        """Have a slot started next, on trial. Raises LookupError where that is not stored."""
        records = self.records()
        if slot not in self.slots or not records:
            raise LookupError
        active, number = self._active(), self.slots.index(slot) + 1
        sequence = records[active].sequence if active is not None else 0
        while number < sequence:
            number += len(self.slots)
        self._write(0 if active is None else 1 - active, _record(number, NEW))

    def confirm(self) -> None:
        """End the trial of what runs. Raises LookupError where no record chose it."""
        active = self._active()
        if active is None:
            raise LookupError
        record = self.records()[active]
        if record.state != VALID:
            self._write(active, replace(record, state=VALID))

    def _active(self) -> int | None:
        counting = [number for number, record in enumerate(self.records()) if record.counts]
        return max(counting, key=lambda number: self.records()[number].sequence, default=None)

    def _write(self, number: int, record: SelectEntry) -> None:
        assert self._place is not None  # noqa: S101  There are records.
        at = self._place + number * SECTOR
        self._flash.erase(at)
        fields = (record.sequence, record.label, record.state, record.crc)
        self._flash.write(at, _RECORD.pack(*fields))


def _record(sequence: int, state: int) -> SelectEntry:
    return SelectEntry(sequence, b"\xff" * 20, state, _crc(sequence))


def _crc(sequence: int) -> int:
    return zlib.crc32(sequence.to_bytes(4, "little"), 0xFFFFFFFF)
