"""The file of events: a line of JSON each. A failure causes one warning and stops nothing.

Events that could not be written are counted; the next line that can be written says how many are
missing, so that a gap is never taken for silence.
"""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path
from typing import Any

_RETRY_SECONDS = 1.0  # A full disk is not asked again for each event.

_log = logging.getLogger("alink_sim.platform")


class EventFile:
    """Appends events to a file. Raises OSError for a file that cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._missing = 0
        self._is_torn = False  # The last line was written in part.
        self._next_try = 0.0
        self._has_warned = False

    def write(self, event: dict[str, Any]) -> None:
        """Append an event, or count it as missing."""
        if self._missing and time.monotonic() < self._next_try:
            self._missing += 1
            return
        try:
            if self._missing:
                gap = {"time": event["time"], "kind": "events_missing", "count": self._missing}
                self._append(gap)
                self._missing = 0
            self._append(event)
        except OSError as error:
            self._missing += 1
            self._next_try = time.monotonic() + _RETRY_SECONDS
            self._warn(error)

    def close(self) -> None:
        """Close the file; more than once does no harm."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, event: dict[str, Any]) -> None:
        # Half of a surrogate pair has no UTF-8; its escape is JSON again.
        text = json.dumps(event, ensure_ascii=False) + "\n"
        data = text.encode(errors="backslashreplace")
        if self._is_torn:
            data = b"\n" + data
        while data:
            written = os.write(self._file, data)
            self._is_torn = written < len(data)
            data = data[written:]

    def _warn(self, error: OSError) -> None:
        if not self._has_warned:
            self._has_warned = True
            _log.warning(
                "events cannot be written to %s (%s): free space there; the platform goes on, and "
                "the file will say how many events are missing",
                self._path,
                error.strerror,
            )
