"""Write files that other programs read at any moment."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Replace the file at `path` with `data` in one step.

    A reader, and a program that is started after this one was killed, finds the old file or the
    new one, never a part. Several processes and threads may write the same file. Raises OSError;
    the old file is unchanged then.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
