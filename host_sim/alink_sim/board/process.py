"""The life of a board under power: processes one after another, as the chip restarts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from alink_sim.board.console import Console
from alink_sim.board.state import FOREVER, BoardState, Reset

_LOOK = 0.002  # Real seconds between two looks at a clock that a test drives.
_RESTARTS = frozenset({Reset.HARD, Reset.WATCHDOG, Reset.SOFT, Reset.DEEP_SLEEP})


class Power:
    """One time under power: from power-on until it is off, cut, or the firmware has ended.

    `now` returns the board's clock in milliseconds since 1970; only deep sleep asks.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        environment: dict[str, str],
        directory: Path,
        state: BoardState,
        console: Console,
        now: Callable[[], int],
    ) -> None:
        self._command = command
        self._environment = environment
        self._directory = directory
        self._state = state
        self._console = console
        self._now = now
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._off = threading.Event()
        self._asked: Reset | None = None
        self.outcome = ""  # "halted", "cut", "crashed" or "off" once it has ended.
        self._thread = threading.Thread(target=self._live, name="board", daemon=True)
        self._thread.start()

    def off(self) -> None:
        """Take the power away; returns when the process is gone."""
        self._off.set()
        self._kill()
        self._thread.join()

    def reset(self) -> None:
        """Pull the EN line: the process starts anew. A board that has ended stays as it is."""
        self._asked = Reset.HARD
        self._kill()

    def wait(self, timeout: float) -> bool:
        """Wait for the end; return whether it came within `timeout` seconds."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _live(self) -> None:
        try:
            while True:
                code = self._run()
                cause = self._asked or self._state.ended
                self._asked = None
                if self._off.is_set() or not self._goes_on(cause):
                    break
                self._state.restart(cause)
            self.outcome = self._ended(cause, code)
        except OSError as error:
            self._console.feed(f"the interpreter did not start: {error}\n".encode())
            self.outcome = "crashed"
        finally:
            self._console.end(self.outcome or "crashed")

    def _run(self) -> int:
        # Runs one process to its end; what it prints goes to the console.
        with self._lock:
            if self._off.is_set():
                return -signal.SIGKILL
            process = self._process = subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        assert process.stdout is not None  # noqa: S101  Popen was given a pipe
        with process.stdout as pipe:
            while data := os.read(pipe.fileno(), 4096):
                self._console.feed(data)
        return process.wait()

    def _goes_on(self, cause: Reset) -> bool:
        if cause is Reset.DEEP_SLEEP:
            wake_at = self._state.wake_at
            while wake_at == FOREVER or self._now() < wake_at:
                if self._off.wait(_LOOK) or self._asked:
                    break
        return cause in _RESTARTS and not self._off.is_set()

    def _ended(self, cause: Reset, code: int) -> str:
        if self._off.is_set():
            return "off"
        if cause is Reset.CUT:
            return "cut"
        return "crashed" if code else "halted"

    def _kill(self) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                self._process.kill()
