"""Names for the message about a file or folder that is not there."""

from __future__ import annotations

from pathlib import Path

_MOST = 8


def reason(error: OSError, path: Path) -> str:
    """Return why `path` cannot be read, and the names beside it if it is missing."""
    return f"{error.strerror}{beside(path)}"


def beside(path: Path) -> str:
    """Return the end of a message about a missing `path`: the names that are beside it.

    A name with a suffix gets the files with that suffix. Return "" if `path` exists, or if
    nothing is beside it.
    """
    if path.exists() or not path.parent.is_dir():
        return ""
    others = sorted(
        one.name
        for one in path.parent.iterdir()
        if one.suffix == path.suffix and one.is_dir() == (not path.suffix) and one.name[0] != "."
    )
    if not others:
        return ""
    more = ", …" if len(others) > _MOST else ""
    return f"; beside it: {', '.join(others[:_MOST])}{more}"
