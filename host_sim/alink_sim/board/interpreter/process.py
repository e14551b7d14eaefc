"""A board under power: one interpreter process after another, as the chip restarts."""

from __future__ import annotations

import contextlib
import functools
import os
import select
import selectors
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from alink_sim.board.flash.flash_file import PowerCutError
from alink_sim.board.interpreter.bootloader import BootError
from alink_sim.board.interpreter.console import Console
from alink_sim.board.interpreter.rom import HEADER, Rom
from alink_sim.board.interpreter.state import FOREVER, BoardState, Reset

_LOOK = 0.002  # Real seconds between two reads of a ManualClock.
_SOFT = b"MPY: soft reboot\n"
_RESET = b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\n"
_RESTARTS = frozenset({Reset.HARD, Reset.WATCHDOG, Reset.SOFT, Reset.DEEP_SLEEP})


class Power:
    """One period under power: from power-on until power-off, a power cut or the firmware's end.

    `boot` chooses the application after each reset except a soft reset and a deep sleep. `rom`
    opens the functions of the chip's ROM when a process starts. `now` returns the board's clock
    in milliseconds since 1970, for deep sleep, and `wakes` whether a pin ends it. `keys` is the
    read end of a pipe with the input of the serial port; None means that the board has no serial
    port, and then a reset prints nothing.
    """

    def __init__(
        self,
        *,
        command: Sequence[str],
        environment: dict[str, str],
        directory: Path,
        state: BoardState,
        console: Console,
        boot: Callable[[], None],
        rom: Callable[[], Rom],
        now: Callable[[], int],
        wakes: Callable[[], bool] = lambda: False,
        keys: int | None = None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._directory = directory
        self._state = state
        self._console = console
        self._boot = boot
        self._rom = rom
        self._now = now
        self._wakes = wakes
        self._keys = keys
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._off = threading.Event()
        self._asked: Reset | None = None
        self._at_rest = False  # All that was read of the console is in its lines.
        self.outcome = ""  # "halted", "cut", "crashed" or "off" after the end.
        self.asleep = False
        self._thread = threading.Thread(target=self._live, name="board", daemon=True)
        self._thread.start()

    def off(self) -> None:
        """Switch off; return when the process has ended."""
        self._off.set()
        self._kill()
        self._thread.join()

    def reset(self) -> None:
        """Pull the EN line: the process starts again. A board that has ended stays ended."""
        self._asked = Reset.HARD
        self._kill()

    @property
    def has_drained(self) -> bool:
        """Whether all that the firmware has printed is in the console's lines."""
        process = self._process
        if process is None or process.stdout is None or process.stdout.closed:
            return False
        with contextlib.suppress(ValueError, OSError):  # It may end just now.
            if not select.select([process.stdout], [], [], 0)[0]:
                return self._at_rest
        return False

    def wait(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the end; return whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _live(self) -> None:
        cause = Reset.POWER_ON
        try:
            while True:
                code, cause = self._run(cause)
                cause = self._asked or cause
                self._asked = None
                if self._off.is_set() or not self._goes_on(cause):
                    break
                self._state.restart(cause)
                if self._keys is not None:
                    self._console.feed(_SOFT if cause is Reset.SOFT else _RESET)
            self.outcome = self._ended(cause, code)
        except OSError as error:
            self._console.feed(f"the interpreter did not start: {error}\n".encode())
            self.outcome = "crashed"
        finally:
            self._console.end(self.outcome or "crashed")

    def _run(self, after: Reset) -> tuple[int, Reset]:
        # Run one process to its end; return its exit code and how the chip ended.
        try:
            if after not in (Reset.SOFT, Reset.DEEP_SLEEP):
                self._boot()
            rom = self._rom()
        except PowerCutError:
            return 0, Reset.CUT
        except BootError as error:
            self._console.feed(str(error).encode())
            return 1, Reset.NONE
        with self._started() as running:
            if running is None:
                return 0, Reset.NONE
            process, calls, replies = running
            cut = self._attend(process, rom, calls, replies)
            return process.wait(), Reset.CUT if cut else self._state.ended

    @contextlib.contextmanager
    def _started(self) -> Iterator[tuple[subprocess.Popen[bytes], int, int] | None]:
        # Yield a process and our ends of its two pipes; None if the power is off already.
        calls, to_rom = os.pipe()
        from_rom, replies = os.pipe()
        try:
            with self._lock:
                off = self._off.is_set()
                self._process = None if off else self._start(to_rom, from_rom)
            os.close(to_rom)
            os.close(from_rom)
            yield (self._process, calls, replies) if self._process else None
        finally:
            os.close(calls)
            os.close(replies)

    def _start(self, to_rom: int, from_rom: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            cwd=self._directory,
            env={**self._environment, "ALINK_ROM_CALLS": f"{to_rom} {from_rom}"},
            pass_fds=(to_rom, from_rom),
            stdin=_plug() if self._keys is None else self._keys,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _attend(
        self, process: subprocess.Popen[bytes], rom: Rom, calls: int, replies: int
    ) -> bool:
        # Read its output and reply to its calls until both end; return whether power failed.
        assert process.stdout is not None  # noqa: S101  Popen has a pipe for it.
        cut = False
        with process.stdout as console, selectors.DefaultSelector() as selector:
            selector.register(console, selectors.EVENT_READ)
            selector.register(calls, selectors.EVENT_READ)
            while selector.get_map():
                self._at_rest = True
                ready = selector.select()
                self._at_rest = False
                for key, _ in ready:
                    if key.fd == calls:
                        try:
                            goes_on = _reply(rom, calls, replies)
                        except PowerCutError:
                            goes_on, cut = False, True
                            self._kill()
                    else:
                        data = os.read(key.fd, 4096)
                        self._console.feed(data)
                        goes_on = bool(data)
                    if not goes_on:
                        selector.unregister(key.fileobj)
        return cut

    def _goes_on(self, cause: Reset) -> bool:
        if cause is Reset.DEEP_SLEEP:
            self.asleep = True
            wake_at = self._state.wake_at
            while (wake_at == FOREVER or self._now() < wake_at) and not self._wakes():
                if self._off.wait(_LOOK) or self._asked:
                    break
            self.asleep = False
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


@functools.cache
def _plug() -> int:
    # Standard input of every board without a serial port. No code writes to the other end. It
    # closes when this process ends, even by SIGKILL, and a waiting board then switches itself off.
    return os.pipe()[0]


def _reply(rom: Rom, calls: int, replies: int) -> bool:
    # Reply to one call; return False when the process has closed its end.
    header = _read(calls, HEADER.size)
    if len(header) < HEADER.size:
        return False
    _, _, key_size, size = HEADER.unpack(header)
    body = _read(calls, key_size + size)
    if len(body) < key_size + size:
        return False
    with contextlib.suppress(BrokenPipeError):
        os.write(replies, rom.call(header, body))
    return True


def _read(pipe: int, size: int) -> bytes:
    # Return `size` bytes, or fewer if the other end is closed.
    data = b""
    while len(data) < size and (part := os.read(pipe, size - len(data))):
        data += part
    return data
