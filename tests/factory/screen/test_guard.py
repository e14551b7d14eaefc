"""The screen in a real terminal: it ends with `q`, and a killed one leaves the terminal usable."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest

from tests.factory.workshop import Workshop
from tests.waiting import PATIENCE

LEFT = b"\x1b[?1049l"  # The alternate screen is over.


class Terminal:
    """`alink-burn run` in a terminal of 80 x 24."""

    def __init__(self, workshop: Workshop) -> None:
        self._master, self._terminal = pty.openpty()
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        batch = workshop.batch(rows="DeviceName\nlamp-0001\n")
        command = [sys.executable, "-m", "alink_factory", "run", str(batch), "--operator", "mei"]
        self.line = subprocess.Popen(
            [*command, "--port", "/dev/ttyNONE0"],
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            env=os.environ | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        self.page = b""

    def close(self) -> None:
        self.line.kill()
        self.line.wait()
        os.close(self._master)
        os.close(self._terminal)

    def until(self, words: bytes) -> None:
        """Read what the terminal gets, up to these words."""
        end = time.monotonic() + PATIENCE
        while words not in self.page:
            assert time.monotonic() < end, self.page.decode(errors="replace")
            if select.select([self._master], [], [], 0.1)[0]:
                self.page += os.read(self._master, 65536)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def has_echo(self) -> bool:
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)


@pytest.fixture
def terminal(workshop: Workshop) -> Iterator[Terminal]:
    made = Terminal(workshop)
    yield made
    made.close()


def test_killed_line_leaves_a_usable_terminal(terminal: Terminal):
    terminal.until(b"ttyNONE0")
    assert not terminal.has_echo()
    os.kill(terminal.line.pid, signal.SIGKILL)
    terminal.until(LEFT)
    until = time.monotonic() + PATIENCE
    while not terminal.has_echo() and time.monotonic() < until:
        time.sleep(0.02)
    assert terminal.has_echo()


@pytest.mark.parametrize("keys", ["q\r", "\x03"])
def test_screen_ends_with_q_and_control_c(terminal: Terminal, keys: str):
    terminal.until(b"ttyNONE0")
    terminal.type(keys)
    terminal.until(LEFT)
    terminal.until(b"0 of 1 boards are done.")
    assert terminal.line.wait(PATIENCE) == 0
    assert terminal.has_echo()
