"""The state folder: made for its owner alone, refused where others could change it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


class StateError(RuntimeError):
    """The state directory cannot be used; the text says why and what to do."""


def own(path: Path) -> None:
    """Make a state directory if it is not there, and see that it is its owner's alone.

    Raises StateError, OSError.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        raise StateError(
            f"the state directory {path} belongs to another user, who could exchange its keys: "
            "name one of your own with --state"
        )
    if found.st_mode & _OTHERS_MAY_WRITE:
        raise StateError(
            f"the state directory {path} can be written by other users "
            f"(mode {stat.S_IMODE(found.st_mode):04o}), who could exchange its keys: run "
            f"`chmod 700 {path}`, or name another one with --state"
        )
