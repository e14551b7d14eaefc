"""A private folder for images on their way into esptool, removed even after a crash.

Images hold secrets. Only this user can read the folder (0700) and its files (0600). The folder is
locked while its program runs; the next run removes the folder of a killed one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alink_factory.board import file_lock

_PREFIX = "alink-burn-"


@contextmanager
def scratch() -> Iterator[Path]:
    """Create the folder, and remove it at the end."""
    _remove_abandoned()
    folder, lock = _locked()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)  # Windows keeps files that are open.


def _locked() -> tuple[Path, int]:
    # Another program that starts now may take the new folder for an abandoned one until it is
    # locked, and remove it: then the next one is tried.
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        file_lock.acquire(lock, waits=True)
        if (folder / "lock").exists():
            return folder, lock
        os.close(lock)


def _remove_abandoned() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            lock = os.open(folder / "lock", os.O_RDWR)
            try:
                file_lock.acquire(lock, waits=False)
                shutil.rmtree(folder, ignore_errors=sys.platform == "win32")
            finally:
                os.close(lock)
