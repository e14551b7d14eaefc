"""A moment as people write it: a word in, seconds since 1970 out."""

from __future__ import annotations

import datetime as dt
import re
import time

import typer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def moment(text: str) -> float:
    """Return the moment; in UTC unless it names a zone. Raises typer.BadParameter."""
    if ago := re.fullmatch(r"(\d+)([smhd])", text):
        return time.time() - int(ago[1]) * _SECONDS[ago[2]]
    try:
        return float(text)
    except ValueError:
        pass
    try:
        said = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time: write 15m (ago), 2026-11-25T22:00, or seconds since 1970"
        ) from None
    return (said if said.tzinfo else said.replace(tzinfo=dt.UTC)).timestamp()


def local_time(seconds: float | None) -> str:
    """Return a time in seconds since 1970 as local time, a dash for None."""
    if seconds is None:
        return "-"
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC).astimezone():%Y-%m-%d %H:%M:%S}"
