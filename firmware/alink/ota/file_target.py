"""A file on the vfs as the target of an update: written beside the old one, then renamed.

docs/how-to/update-over-the-air.md, "Update a single file".
"""

import os

from ..errors import StoreError


class File:
    """A file that an update replaces whole: an application's .mpy, a table, a voice prompt."""

    def __init__(self, path):
        """`path`: the file, in a folder that exists. An update writes `path` + ".new" first."""
        self._path = path
        self._file = None

    def begin(self, size):
        """Open the file for `size` bytes. Raises StoreError if they do not fit."""
        self.abandon()
        try:
            self._file = open(self._path + ".new", "wb")
            found = os.statvfs(self._path + ".new")
        except OSError as error:
            raise StoreError("%s.new cannot be written: %s" % (self._path, error))
        free = found[0] * found[3]
        if size > free:
            raise StoreError(
                "%d bytes do not fit into the %d that are free for %s" % (size, free, self._path)
            )

    def write(self, offset, block):
        """Write the next bytes. Raises StoreError."""
        try:
            self._file.write(block)
        except OSError as error:
            raise StoreError("%s.new: file system error %s" % (self._path, error))

    def finish(self):
        """Put the written and checked file in its place. Raises StoreError."""
        try:
            self._file.close()
            os.rename(self._path + ".new", self._path)
        except OSError as error:
            raise StoreError("%s: file system error %s" % (self._path, error))
        self._file = None

    def abandon(self):
        """Remove the written bytes."""
        file, self._file = self._file, None
        try:
            if file:
                file.close()
            os.remove(self._path + ".new")
        except OSError:
            pass  # It is missing, or flash is full; the next update overwrites it.
