"""Run a program to its end: arguments in, its text lines and its exit code out.

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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

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


def run(
    arguments: Sequence[str],
    *,
    on_line: Callable[[str], None],
    stop: threading.Event | None = None,
    timeout: float = math.inf,
    folder: Path | None = None,
) -> int:
    """Run a program in `folder`, call `on_line` for each text line, return its exit code.

    Standard output and standard error are one stream. No argument may be a secret: any user of
    the computer can see arguments. Raises ProgramStoppedError, also after `timeout` seconds, and
    OSError if it cannot start.
    """
    with subprocess.Popen(
        list(arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | _ENVIRONMENT,
        cwd=folder,
        **_APART,
    ) as process:
        try:
            for line in _lines(process, stop, timeout):
                on_line(line)
        except BaseException:
            _end(process)
            raise
        return process.wait()


def _lines(
    process: subprocess.Popen[bytes], stop: threading.Event | None, timeout: float
) -> Iterator[str]:
    chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # A thread, because a pipe cannot be polled on every system.
    reader = threading.Thread(target=_read, args=(process, chunks), daemon=True, name="program")
    reader.start()
    pending = b""
    heard = begun = time.monotonic()
    while True:
        if stop and stop.is_set():
            raise ProgramStoppedError("the line was stopped")
        if time.monotonic() - begun > timeout:
            raise ProgramStoppedError(f"it took longer than {timeout:g} s")
        try:
            data = chunks.get(timeout=_INTERVAL)
        except queue.Empty:
            if time.monotonic() - heard > _SILENCE:
                raise ProgramStoppedError(f"it printed nothing for {_SILENCE:.0f} s") from None
            continue
        heard = time.monotonic()
        *whole, pending = (pending + data).replace(b"\r", b"\n").split(b"\n")
        for line in whole if data else [pending]:
            if text := line.decode("utf-8", "replace").strip():
                yield text
        if not data:
            return


def _read(process: subprocess.Popen[bytes], chunks: queue.SimpleQueue[bytes]) -> None:
    # Puts the output into the queue; the end is an empty chunk.
    data = b"" if process.stdout is None else b"-"
    while data and process.stdout:
        data = os.read(process.stdout.fileno(), 65536)
        chunks.put(data)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()
