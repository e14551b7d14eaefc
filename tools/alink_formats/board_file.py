"""Python sources on their way to a board."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path


def file_of_board(path: Path) -> bytes:
    """Return the bytes of a file as a board gets it: a Python source without a byte order mark.

    MicroPython takes the mark for a part of the first name. Raises OSError.
    """
    data = path.read_bytes()
    return data.removeprefix(BOM_UTF8) if path.suffix == ".py" else data
