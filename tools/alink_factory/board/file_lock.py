"""The lock of an open file: it goes away with its program, however that ends."""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    import msvcrt

    def acquire(file: int, *, waits: bool) -> None:
        """Lock a file descriptor. Raises OSError if another program has it and not `waits`."""
        os.lseek(file, 0, os.SEEK_SET)
        while True:
            try:
                msvcrt.locking(file, msvcrt.LK_LOCK if waits else msvcrt.LK_NBLCK, 1)
            except OSError:
                if not waits:
                    raise
                continue  # LK_LOCK gives up after ten seconds.
            return
else:
    import fcntl

    def acquire(file: int, *, waits: bool) -> None:
        """Lock a file descriptor. Raises OSError if another program has it and not `waits`."""
        fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
