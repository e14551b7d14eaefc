"""Run a program: arguments and bytes in, its text lines and its exit code out.

It runs in a separate process group, so Ctrl-C in the terminal does not end it in the middle of a
write. Set `stop` to end it.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

_SILENCE = 180.0  # Seconds without output after which we end the program.
_INTERVAL = 0.25  # Seconds between two checks of `stop`.
# So Ctrl-C in the terminal does not reach the program.
_APART: dict[str, Any]
if sys.platform == "win32":
    _APART = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    _APART = {"start_new_session": True}
_ENVIRONMENT = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}


class ProgramStoppedError(Exception):
    """We ended the program: `stop` was set, or it took or was silent for too long."""


class Program:
    """A program in `folder` that runs: bytes in, text lines out.

    Standard output and standard error are one stream. Without `is_fed` its input is empty. No
    argument may be a secret: any user of the computer can see arguments. Raises OSError if it
    cannot start. The end of a `with` block ends it.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        stop: threading.Event | None = None,
        timeout: float = math.inf,
        folder: Path | None = None,
        is_fed: bool = False,
    ) -> None:
        self._process = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE if is_fed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | _ENVIRONMENT,
            cwd=folder,
            **_APART,
        )
        self._stop = stop
        self._timeout = timeout
        self._began = time.monotonic()
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._lines: deque[str] = deque()
        self._pending: list[bytes] = []
        self._has_ended = False
        # A thread, because a pipe cannot be polled on every system.
        reader = (self._process, self._chunks)
        threading.Thread(target=_read, args=reader, daemon=True, name="program").start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def send(self, data: bytes) -> None:
        """Write to the standard input. Does nothing if the program has ended."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.write(data)
                self._process.stdin.flush()

    def line(self) -> str | None:
        """Return the next text line that is not empty, or None at the end of the output.

        Raises ProgramStoppedError, also `timeout` seconds after the start.
        """
        heard = time.monotonic()
        while not self._lines and not self._has_ended:
            if self._stop and self._stop.is_set():
                raise ProgramStoppedError("the line was stopped")
            if time.monotonic() - self._began > self._timeout:
                raise ProgramStoppedError(f"it took longer than {self._timeout:g} s")
            try:
                self._take(self._chunks.get(timeout=_INTERVAL))
            except queue.Empty:
                if time.monotonic() - heard > _SILENCE:
                    text = f"it printed nothing for {_SILENCE:.0f} s"
                    raise ProgramStoppedError(text) from None
                continue
            heard = time.monotonic()
        return self._lines.popleft() if self._lines else None

    def wait(self) -> int:
        """Return the exit code of a program whose output has ended."""
        return self._process.wait()

    def end(self) -> None:
        """Close its input, and end it if it still runs."""
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        if self._process.poll() is None:
            _end(self._process)
        self._process.wait()

    def _take(self, data: bytes) -> None:
        # A line may come in many chunks; they are joined once.
        first, *rest = data.replace(b"\r", b"\n").split(b"\n")
        self._pending.append(first)
        self._has_ended = not data
        for piece in rest:
            self._finish_line()
            self._pending.append(piece)
        if self._has_ended:
            self._finish_line()

    def _finish_line(self) -> None:
        if text := b"".join(self._pending).decode("utf-8", "replace").strip():
            self._lines.append(text)
        self._pending.clear()


def run(
    arguments: Sequence[str],
    *,
    on_line: Callable[[str], None],
    stop: threading.Event | None = None,
    timeout: float = math.inf,
    folder: Path | None = None,
) -> int:
    """Run a program to its end, call `on_line` for each text line, return its exit code.

    Raises ProgramStoppedError, also after `timeout` seconds, and OSError if it cannot start.
    """
    with Program(arguments, stop=stop, timeout=timeout, folder=folder) as program:
        while (line := program.line()) is not None:
            on_line(line)
        return program.wait()


def _read(process: subprocess.Popen[bytes], chunks: queue.SimpleQueue[bytes]) -> None:
    # Puts the output into the queue; the end is an empty chunk.
    with process.stdout or contextlib.nullcontext() as output:
        data = b"-" if output else b""
        while data and output:
            data = os.read(output.fileno(), 65536)
            chunks.put(data)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()
