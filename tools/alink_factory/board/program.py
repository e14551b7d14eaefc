"""Run a program to its end: arguments in, its text lines and its exit code out.

It runs in a separate process group, so Ctrl-C in the terminal does not end it in the middle of a
write. Set `stop` to end it.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_SILENCE = 180.0  # Seconds without output after which we end the program.
_INTERVAL = 0.25  # Seconds between two checks of `stop`.
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
        start_new_session=True,
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
    if process.stdout is None:
        return
    pending = b""
    heard = begun = time.monotonic()
    while True:
        if stop and stop.is_set():
            raise ProgramStoppedError("the line was stopped")
        if time.monotonic() - begun > timeout:
            raise ProgramStoppedError(f"it took longer than {timeout:g} s")
        ready, _, _ = select.select([process.stdout], [], [], _INTERVAL)
        if not ready:
            if time.monotonic() - heard > _SILENCE:
                raise ProgramStoppedError(f"it printed nothing for {_SILENCE:.0f} s")
            continue
        heard = time.monotonic()
        data = os.read(process.stdout.fileno(), 65536)
        *whole, pending = (pending + data).replace(b"\r", b"\n").split(b"\n")
        for line in whole if data else [pending]:
            if text := line.decode("utf-8", "replace").strip():
                yield text
        if not data:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=3)
    except subprocess.TimeoutExpired:
        process.kill()
