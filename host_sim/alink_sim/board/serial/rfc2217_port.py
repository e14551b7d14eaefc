"""A serial port over TCP (RFC 2217) with baud rate, DTR and RTS.

pyserial's PortManager handles the telnet options; its serial port is a simulated board.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

from serial import rfc2217  # type: ignore[import-untyped]

from alink_sim.board.serial.cable import Cable, CablePull
from alink_sim.board.serial.reset_lines import ResetLines
from alink_sim.board.serial.serial_board import SerialBoard


class Rfc2217Port:
    """Serve a board at `url`, one client at a time, like a terminal server.

    The port calls `pace` with the seconds that each read and write takes at the baud rate of the
    chip; pass time.sleep for real speed.
    """

    def __init__(
        self,
        board: SerialBoard,
        *,
        pull: CablePull | None = None,
        pace: Callable[[float], None] | None = None,
    ) -> None:
        self._board = board
        self._pull = pull
        self._pace = pace
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._client: socket.socket | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="rfc2217", daemon=True)

    @property
    def url(self) -> str:
        """Return the name for pyserial, with the option that esptool recommends."""
        return f"rfc2217://127.0.0.1:{self.port}?ign_set_control"

    def plug(self) -> None:
        """Power the board, in run mode, and accept clients."""
        self._board.reset(download=False)
        self._thread.start()

    def unplug(self) -> None:
        """Switch the board off and stop serving."""
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        client = self._client
        if client:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._board.power_off()

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def _serve(self) -> None:
        cable = Cable(self._pull)
        with self._listener:
            while not self._closing.is_set() and not cable.is_pulled:
                try:
                    client, _ = self._listener.accept()
                except OSError:
                    return
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._client = client
                with client, contextlib.suppress(OSError):
                    self._attend(client, cable)
        self._board.power_off()

    def _attend(self, client: socket.socket, cable: Cable) -> None:
        lock = threading.Lock()

        def send(data: bytes) -> None:
            with lock, contextlib.suppress(OSError):
                client.sendall(data)

        manager = rfc2217.PortManager(_Uart(ResetLines(self._board)), _Connection(send))
        self._board.output = lambda data: self._answer(data, manager, send)
        try:
            while not cable.is_pulled and (data := client.recv(65536)):
                arrived = cable.carry(b"".join(manager.filter(data)))
                if arrived:
                    self._take_time(arrived)
                    self._board.feed(arrived)
        finally:
            self._board.output = lambda _: None

    def _answer(self, data: bytes, manager: Any, send: Callable[[bytes], None]) -> None:
        self._take_time(data)
        send(b"".join(manager.escape(data)))

    def _take_time(self, data: bytes) -> None:
        if self._pace and data:
            self._pace(self._board.duration(len(data)))


class _Connection:
    # The connection on which PortManager writes its telnet options.

    def __init__(self, send: Any) -> None:
        self.write = send


class _Uart:
    # The serial port that PortManager controls.

    name = "simulated board"
    cts = dsr = ri = cd = False

    def __init__(self, lines: ResetLines) -> None:
        self._lines = lines
        self.baudrate = 115_200
        self.bytesize = 8
        self.parity = "N"
        self.stopbits = 1
        self.rtscts = self.xonxoff = self.break_condition = False

    @property
    def dtr(self) -> bool:
        return self._lines.dtr

    @dtr.setter
    def dtr(self, asserted: bool) -> None:
        self._lines.set(dtr=asserted)

    @property
    def rts(self) -> bool:
        return self._lines.rts

    @rts.setter
    def rts(self, asserted: bool) -> None:
        self._lines.set(rts=asserted)

    def get_settings(self) -> dict[str, object]:
        return {}

    def apply_settings(self, _: dict[str, object]) -> None:
        """Do nothing: PortManager sets each attribute by itself."""

    def reset_input_buffer(self) -> None:
        """Do nothing: the board has no buffer."""

    def reset_output_buffer(self) -> None:
        """Do nothing: the board has no buffer."""
