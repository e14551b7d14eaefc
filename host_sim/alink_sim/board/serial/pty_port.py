"""A serial port as a pseudo terminal: any program can open it, but it has no DTR and no RTS.

For a reset, call SerialBoard.reset(), as a person presses the buttons.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Self

from alink_sim.board.serial.cable import Cable, CablePull
from alink_sim.board.serial.serial_board import SerialBoard

_CHUNK = 65536
_PIECE = 4096
_TERMINALS = "/dev/pts/"


class PtyPort:
    """Plug a board into the host; `path` is the name of the port, like /dev/ttyUSB0.

    The cable also powers the board. When it is plugged in, the board starts in download mode if
    `download` is True (BOOT pressed), else in run mode. The port calls `pace` with the seconds
    that each read and write takes at the baud rate of the chip; pass time.sleep for real speed.
    """

    def __init__(
        self,
        board: SerialBoard,
        path: Path,
        *,
        download: bool = True,
        pull: CablePull | None = None,
        pace: Callable[[float], None] | None = None,
    ) -> None:
        self.path = path
        self._board = board
        self._download = download
        self._pull = pull
        self._pace = pace
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._master = -1
        self._wake = (-1, -1)

    def plug(self) -> None:
        """Plug in: create the port and power the board.

        Raises FileExistsError if `path` is a file, or a link that no port has made.
        """
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self._link(os.ttyname(slave))
        self._wake = os.pipe()
        self._board.output = self._write
        self._thread = threading.Thread(
            target=self._serve, args=(slave, Cable(self._pull)), name="pty", daemon=True
        )
        self._board.reset(download=self._download)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the cable; do nothing if it is already pulled."""
        if self._thread:
            os.close(self._wake[1])
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def _link(self, terminal: str) -> None:
        # A run that was killed leaves its link, and it points to a terminal of no board.
        if self.path.is_symlink() and str(self.path.readlink()).startswith(_TERMINALS):
            self.path.unlink()
        self.path.symlink_to(terminal)

    def _unlink(self, terminal: str) -> None:
        # Unless a later port has taken the name over.
        with contextlib.suppress(OSError):
            if str(self.path.readlink()) == terminal:
                self.path.unlink()

    def _serve(self, slave: int, cable: Cable) -> None:
        # Keep the slave open: otherwise reads fail while no program has the port open.
        try:
            while not cable.is_pulled:
                ready, _, _ = select.select([self._master, self._wake[0]], [], [])
                if self._wake[0] in ready:
                    break
                data = cable.carry(os.read(self._master, _CHUNK))
                self._take_time(data)
                self._board.feed(data)
        finally:
            self._unlink(os.ttyname(slave))
            with self._lock:
                os.close(self._master)
                self._master = -1
            os.close(slave)
            os.close(self._wake[0])
            self._board.power_off()

    def _take_time(self, data: bytes) -> None:
        if self._pace and data:
            self._pace(self._board.duration(len(data)))

    def _write(self, data: bytes) -> None:
        # Send in pieces: the host has a timeout for the next byte, not for the last.
        for at in range(0, len(data), _PIECE):
            piece = data[at : at + _PIECE]
            self._take_time(piece)
            self._send(piece)

    def _send(self, data: bytes) -> None:
        with self._lock:
            while data and self._master >= 0:
                _, ready, _ = select.select([], [self._master], [], 1.0)
                if not ready:
                    with contextlib.suppress(OSError):
                        return  # No program reads; a UART does not wait either.
                data = data[os.write(self._master, data) :]
