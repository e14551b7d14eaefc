"""The folder of a run's boards. The next run removes that of a killed one."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "alink-board-"
_LOCK = "lock"


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a new folder and delete it at the end; delete those of runs that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        new = Path(name) / "new"
        with new.open("wb") as lock:
            # The system unlocks it when this process ends, even by SIGKILL.
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(Path(name) / _LOCK)  # From now on another run may look at it.
            yield Path(name)


def _is_left(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except OSError:  # It runs, begins, or is another user's.
        return False
