"""Boards on a line that boot from their flash, and the platform for them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from alink_sim.board import Board, BoardProgram
from alink_sim.board.interpreter.heap import beside_standins
from alink_sim.board.serial import PtyPort, SerialBoard
from alink_sim.platform import Instance, Platform
from alink_sim.sntp import SntpServer
from tests import interpreters
from tests.factory.workshop import KEY

INSTANCE = "iot-line0001"

_numbers = itertools.count()


def product(platform: Platform, ntp: SntpServer, folder: Path) -> str:
    """Make the batch's product on a platform; return the lines of [product] that lead there."""
    platform.console.create_product(instance=Instance(INSTANCE), key=KEY)
    (folder / "product.secret").write_text(platform.console.product(KEY).secret)
    (folder / "ca.der").write_bytes(platform.ca_der)
    lines = [f'instance_id = "{INSTANCE}"', f"port = {platform.mqtt_tls_port}"]
    lines += [f'ntp_host = "ntp.aliyuncs.com:{ntp.port}"', 'ca = ["ca.der"]']
    return "\n".join(lines)


def access_key(platform: Platform, folder: Path) -> Path:
    """Write the platform's access key as `--access-key` takes it."""
    file = folder / "access.json"
    key = platform.access_key
    file.touch(0o600)
    file.write_text(json.dumps({"id": key.id, "secret": key.secret}))
    return file


def blank(folder: Path, *, build: str = "unix64", **options: object) -> tuple[Board, SerialBoard]:
    """Return a blank board and its serial side; its firmware has all of an ESP32's first area."""
    number = next(_numbers)
    mac = f"{0xA0B765100000 + number:012x}"
    interpreter = interpreters.require(build)
    board = Board.blank(
        folder / f"board-{number}",
        interpreter=interpreter,
        mac=mac,
        heap=beside_standins(interpreter),  # The REPL of a chip takes none of its heap.
        **options,  # type: ignore[arg-type]
    )
    serial = SerialBoard(
        board.flash,
        chip=board.definition.chip,
        mac=mac,
        program=BoardProgram(board),
        efuses=board.efuses,
    )
    return board, serial


def pty(board: Board, serial: SerialBoard, *, download: bool) -> PtyPort:
    """Return the port of a board, to be entered as a context."""
    return PtyPort(serial, board.directory / "tty", download=download)
