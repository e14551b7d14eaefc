"""A running `alink-sim board run`: orders go in, its output is awaited."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import PATIENCE

PROGRAM = str(Path(sys.executable).with_name("alink-sim"))
MAIN = """
import time
from machine import Pin
button = Pin(4, Pin.IN)
print("button", button.value(), VERSION)
while not button.value():
    time.sleep_ms(50)
print("pressed at", time.time() // 86400, "days")
while True:
    time.sleep(1)
"""


class Run:
    """A running command; `says` waits for its output."""

    def __init__(self, process: subprocess.Popen[bytes], output: int, keys: int) -> None:
        self.process = process
        self._keys = keys
        self._text = ""
        self._changed = threading.Condition()
        threading.Thread(target=self._read, args=(output,), daemon=True).start()

    def type(self, text: str) -> None:
        os.write(self._keys, text.encode())

    def says(self, pattern: str) -> re.Match[str]:
        """Return the next match of a pattern in the output."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while not (found := re.search(pattern, self._text)):
                left = end - time.monotonic()
                assert left > 0, f"no {pattern!r} in:\n{self._text}"
                assert not (self.process.poll() is not None and not self._changed.wait(1)), (
                    self._text
                )
                self._changed.wait(min(left, 1))
            self._text = self._text[found.end() :]
        return found

    def _read(self, output: int) -> None:
        while True:
            try:
                data = os.read(output, 4096)
            except OSError:  # A terminal whose other end has closed.
                return
            if not data:
                return
            with self._changed:
                self._text += data.decode(errors="replace")  # A read may split a character.
                self._changed.notify_all()


@contextmanager
def running(*arguments: str | Path, terminal: bool = False, ends: bool = True) -> Iterator[Run]:
    """Start the command, with pipes or at a terminal; end it with `quit` if it `ends`."""
    if terminal:
        output, stdin = pty.openpty()
        stdout, keys = stdin, output
    else:
        (stdin, keys), (output, stdout) = os.pipe(), os.pipe()
    # Ctrl-C is a signal to it, also where these tests run in the background and ignore it.
    leader = ["env", "--default-signal=INT", "setsid", "--ctty", "--wait"] if terminal else []
    process = subprocess.Popen(
        [*leader, PROGRAM, "board", "run", *map(str, arguments)],
        stdin=stdin,
        stdout=stdout,
        stderr=stdout,
        env={**os.environ, "COLUMNS": "200"},
    )
    for end in {stdin, stdout}:
        os.close(end)
    run = Run(process, output, keys)
    try:
        yield run
        if ends:
            run.type("quit\n")
            assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        for end in {output, keys}:
            os.close(end)
