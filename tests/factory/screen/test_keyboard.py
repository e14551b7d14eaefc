"""The keyboard of the line: text without echo, and a terminal that gets its echo back."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import termios
import time

from tests.waiting import PATIENCE

_LINE = """
import sys, time
from alink_factory.screen import keyboard
with keyboard.lines_typed(print):
    print("silent", flush=True)
    time.sleep(600)
"""


def has_echo(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_killed_line_leaves_its_echo_on():
    master, terminal = pty.openpty()
    line = subprocess.Popen(
        [sys.executable, "-c", _LINE], stdin=terminal, stdout=subprocess.PIPE, text=True
    )
    assert line.stdout
    assert line.stdout.readline() == "silent\n"
    assert not has_echo(terminal)
    os.kill(line.pid, signal.SIGKILL)
    line.wait()
    until = time.monotonic() + PATIENCE
    while not has_echo(terminal) and time.monotonic() < until:
        time.sleep(0.02)
    assert has_echo(terminal)
    line.stdout.close()
    os.close(master)
    os.close(terminal)
