"""The events of the line as text lines or JSON, for files, pipes and programs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TextIO

from alink_factory import language
from alink_factory.job.progress import Outcome, Progress
from alink_factory.line import Count


class LogLines:
    """Writes a text line for each step and each outcome; implements line.Display.

    Calls `on_lost` once if writing fails: the reader is gone, or the disk is full.
    """

    def __init__(
        self, stream: TextIO, *, as_json: bool, on_lost: Callable[[], None] | None = None
    ) -> None:
        self._stream = stream
        self._as_json = as_json
        self._on_lost = on_lost
        self._is_lost = False
        self._lock = threading.Lock()
        self._last: dict[str, str] = {}
        self._count: Count | None = None

    def progress(self, progress: Progress) -> None:
        """Write that a board reached a new step."""
        if self._last.get(progress.port) == progress.name:
            return
        self._last[progress.port] = progress.name
        if self._as_json:
            self._write({"event": "step"} | asdict(progress))

    def outcome(self, outcome: Outcome, *, is_last: bool) -> None:
        """Write the outcome of a board."""
        self._last.pop(outcome.port, None)
        if self._as_json:
            self._write({"event": "outcome", "is_last": is_last} | asdict(outcome))
            return
        result = language.text(outcome.result)
        parts = [outcome.port, f"{result:7}", outcome.device_name, outcome.mac]
        if outcome.result != "done":
            parts.append(language.joined([f"{outcome.detail}.", outcome.advice]))
        parts += [] if is_last else [language.text("The line tries it again.")]
        self._write("  ".join(filter(None, parts)).rstrip())

    def gone(self, port: str) -> None:
        """Write that a port is free."""
        if self._as_json:
            self._write({"event": "gone", "port": port})

    def count(self, count: Count) -> None:
        """Write the progress of the batch if it changed."""
        if self._as_json and count != self._count:
            self._write({"event": "count"} | asdict(count))
        elif not self._as_json and (self._count is None or count.done != self._count.done):
            self._write(language.text(f"{count.done} of {count.rows} done"))
        self._count = count

    def closing(self, ports: list[str], *, abandons: bool) -> None:
        """Write that the line starts no new boards."""
        if self._as_json:
            self._write({"event": "closing", "ports": ports, "abandons": abandons})
        else:
            at_work = ", ".join(ports) or "none"
            self._write(language.text(f"the line stops; ports at work: {at_work}"))

    def say(self, message: str) -> None:
        """Write a message for the operator."""
        if self._as_json:
            self._write({"event": "message", "text": message})
        else:
            self._write(language.text(message))

    def _write(self, what: dict[str, Any] | str) -> None:
        text = what if isinstance(what, str) else json.dumps(what, ensure_ascii=False)
        with self._lock:
            if self._is_lost:
                return
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except OSError:
                self._is_lost = True
                if self._on_lost:
                    self._on_lost()
