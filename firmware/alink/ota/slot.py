"""The other application slot: an image is written there, and started on trial.

docs/explanation/updates.md, "Power cuts". Besides `boot.copies` only this module imports `esp32`.
"""

import struct

import esp32
from micropython import const

from ..errors import StoreError

_SECTOR = const(4096)
_HEAD = const(16)  # Bytes that are written last: without them no boot loader takes the slot.
_MAGIC = const(0xE9)
_PENDING = const(1)  # The state in `otadata` of an image on trial.


class Slot:
    """The slot that does not run."""

    def __init__(self):
        """Raises StoreError where the partition table has none, or no `otadata` to choose it."""
        running = esp32.Partition.RUNNING
        self._running = esp32.Partition(running)  # pyright: ignore[reportArgumentType]
        self._otadata = esp32.Partition.find(esp32.Partition.TYPE_DATA, 0)
        try:
            self._other = self._running.get_next_update()
        except OSError:
            self._other = self._running
        if not self._otadata or self._other.info()[2] == self._running.info()[2]:
            raise StoreError(
                "this partition table has no second application slot: burn one of boards/*-OTA, "
                "or give Ota a target"
            )
        self._head = b""

    def begin(self, size):
        """Check the size of an image. Raises StoreError if `size` bytes do not fit."""
        room = self._other.info()[3]
        if size > room:
            raise StoreError("%d bytes do not fit into the slot of %d" % (size, room))

    def write(self, offset, part):
        """Write the bytes (a memoryview) that follow the last ones. Raises StoreError."""
        if offset < _HEAD:
            skip = min(_HEAD - offset, len(part))
            self._head += bytes(part[:skip])
            if len(self._head) == _HEAD:
                self._check(self._head)
            offset += skip
            part = part[skip:]
        while part:
            number, at = divmod(offset, _SECTOR)
            count = min(len(part), _SECTOR - at)
            try:
                if not at or offset == _HEAD:
                    self._other.ioctl(6, number)
                self._other.writeblocks(number, part[:count], at)
            except OSError as error:
                raise StoreError("flash error %s in sector %d" % (error, number))
            offset += count
            part = part[count:]

    def finish(self):
        """Make the written and checked image start next. Raises StoreError."""
        try:
            self._other.writeblocks(0, self._head, 0)
            self._other.set_boot()
        except OSError as error:
            raise StoreError("the boot loader does not take the image: %s" % error)

    def abandon(self):
        """Nothing to do: the slot cannot start without its head."""

    def on_trial(self):
        """Tell whether what runs was not confirmed yet: a reset then goes back."""
        record = bytearray(32)
        for block in (0, 1):
            self._otadata[0].readblocks(block, record, 0)
            if struct.unpack_from("<I", record, 24)[0] == _PENDING:
                return True
        return False

    def confirm(self):
        """End the trial of what runs."""
        try:
            self._running.mark_app_valid_cancel_rollback()
        except OSError:
            pass  # An image that the line burned has no trial.

    def _check(self, head):
        ours = bytearray(_HEAD)
        self._running.readblocks(0, ours, 0)
        if head[0] != _MAGIC:
            raise StoreError(
                "the file is not an application image: it begins with 0x%02x" % head[0]
            )
        if head[12:14] != ours[12:14]:
            raise StoreError(
                "the image is for another chip: number %d, this one is %d" % (head[12], ours[12])
            )
