# SPDX-License-Identifier: GPL-2.0-or-later
"""One board on a port: requests on standard input, replies on standard output.

`python -m alink_flasher --port PORT [--baud N] [--no-reset] [--no-stub]`. The program connects at
its first request: one reset into the loader and one upload of esptool's stub serve all requests.

A request is a JSON object in one text line, and so is a reply. Other text lines are esptool's own.

| request | reply |
|---|---|
| {"do": "identify"} | |
| {"do": "read", "offset", "size"} | "data" in base64, or "is_blank" if all bytes are 0xFF |
| {"do": "write", "mac", "regions", "is_full"} | "written": names of the regions that differed |
| {"do": "compare", "regions"} | "differing": names of the regions |
| {"do": "erase", "mac"} | |
| {"do": "reset"}: let the board run, and close the port | |

Each reply has "chip", "mac" (12 hexadecimal digits), "kind" and "flash_size" (0: no flash), or
"error". "mac" of a request names the board it is for: another one is not written. A region has
"offset", "name" and "data" in base64. The end of the input ends the program.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from typing import Any

import serial  # type: ignore[import-untyped]
from esptool.cmds import (
    attach_flash,
    detect_chip,
    detect_flash_size,
    erase_flash,
    read_flash,
    reset_chip,
    run_stub,
    write_flash,
)
from esptool.util import FatalError, NotImplementedInROMError, flash_size_bytes

_ROM_BAUD = 115_200
_BLANK = b"\xff"
_SECTOR = 4096

# A generator of esptool that has failed once raises the last two.
_FAILURES = (FatalError, serial.SerialException, OSError, StopIteration, RuntimeError)


class Board:
    """The board on a port. The methods raise one of _FAILURES."""

    def __init__(self, port: str, *, baud: int, has_reset_lines: bool, stub: bool) -> None:
        self._port = port
        self._baud = baud
        self._has_reset_lines = has_reset_lines
        self._stub = stub
        self._open = ExitStack()
        self._esp: Any = None
        self._facts: dict[str, Any] = {}

    def identify(self) -> dict[str, Any]:
        """Return the facts of the board. A board that does not respond is connected again."""
        if self._esp:
            try:
                self._facts["mac"] = self._mac()
            except _FAILURES:
                self.close()
        if not self._esp:
            self._connect()
        return self._facts

    def read(self, offset: int, size: int) -> bytes | None:
        """Return the bytes of a range of flash, or None if all of them are 0xFF."""
        if self._has_digest(offset, _BLANK * size):
            return None
        data: bytes = read_flash(self._esp, offset, size)
        return data

    def write(self, regions: list[dict[str, Any]], *, is_full: bool) -> list[str]:
        """Write the regions that differ, or all; return their names.

        esptool compares the MD5 of each region afterwards.
        """
        images = [_Image(region) for region in regions]
        changed = images if is_full else self._differing(images)
        if changed:
            pairs = [(image.offset, image) for image in changed]
            write_flash(self._esp, pairs, flash_size="keep")
        return [image.name for image in changed]

    def compare(self, regions: list[dict[str, Any]]) -> list[str]:
        """Return the names of the regions whose MD5 differs."""
        return [image.name for image in self._differing(map(_Image, regions))]

    def erase(self) -> None:
        """Set all of the flash to 0xFF."""
        erase_flash(self._esp)

    def reset(self) -> None:
        """Let the board run, if the port can do that, and close the port."""
        if self._has_reset_lines:
            reset_chip(self._esp, "hard-reset")
        self.close()

    def close(self) -> None:
        """Close the port. The board stays as it is."""
        self._esp = None
        with suppress(*_FAILURES):
            self._open.close()

    def _connect(self) -> None:
        before = "default-reset" if self._has_reset_lines else "no-reset"
        slow = min(_ROM_BAUD, self._baud)
        esp = self._open.enter_context(detect_chip(self._port, slow, before))
        if esp.secure_download_mode:
            raise FatalError("the chip is in Secure Download Mode")
        kind = [esp.get_chip_description(), ", ".join(esp.get_chip_features())]
        if self._stub:
            esp = run_stub(esp)
        if self._baud > slow:
            with suppress(NotImplementedInROMError):
                esp.change_baud(self._baud)
        # After a lost connection esptool would write on, whichever board is on the port by then.
        esp.WRITE_FLASH_ATTEMPTS = 1
        attach_flash(esp)
        name = detect_flash_size(esp)
        size = flash_size_bytes(name) if name else 0
        if size:
            esp.flash_set_parameters(size)
        self._esp = esp
        self._facts = {
            "chip": esp.CHIP_NAME,
            "mac": self._mac(),
            "kind": ", ".join(kind),
            "flash_size": size,
        }

    def _mac(self) -> str:
        return bytes(self._esp.read_mac("BASE_MAC")).hex()

    def _differing(self, images: Iterable[_Image]) -> list[_Image]:
        return [one for one in images if not self._is_in_flash(one.offset, one.getvalue())]

    def _is_in_flash(self, offset: int, data: bytes) -> bool:
        # The first sector tells a blank or older board: the MD5 of a firmware takes a chip long.
        return self._has_digest(offset, data[:_SECTOR]) and self._has_digest(offset, data)

    def _has_digest(self, offset: int, data: bytes) -> bool:
        digest: str = self._esp.flash_md5sum(offset, len(data))
        return digest == hashlib.md5(data).hexdigest()


class _Image(io.BytesIO):
    # The bytes of a region under the name that esptool prints.

    def __init__(self, region: dict[str, Any]) -> None:
        super().__init__(base64.b64decode(region["data"]))
        self.offset: int = region["offset"]
        self.name: str = region["name"]


def _reply(board: Board, request: dict[str, Any]) -> dict[str, Any]:
    facts = board.identify()
    if request.get("mac", facts["mac"]) != facts["mac"]:
        return facts
    match request["do"]:
        case "read":
            data = board.read(request["offset"], request["size"])
            if data is None:
                return facts | {"is_blank": True}
            return facts | {"data": base64.b64encode(data).decode()}
        case "write":
            written = board.write(request["regions"], is_full=request["is_full"])
            return facts | {"written": written}
        case "compare":
            return facts | {"differing": board.compare(request["regions"])}
        case "erase":
            board.erase()
        case "reset":
            board.reset()
    return facts


def _text(error: Exception) -> str:
    # FatalError is a RuntimeError with words.
    if type(error) in {StopIteration, RuntimeError}:
        return "the chip stopped responding"
    return str(error)


def main() -> None:
    """Serve requests until the end of the input."""
    parser = argparse.ArgumentParser(prog="alink_flasher")
    parser.add_argument("--port", required=True)
    parser.add_argument("--baud", type=int, default=_ROM_BAUD)
    parser.add_argument("--no-reset", action="store_true", help="the port has no reset lines")
    parser.add_argument("--no-stub", action="store_true", help="use the loader of the ROM")
    chosen = parser.parse_args()
    board = Board(
        chosen.port,
        baud=chosen.baud,
        has_reset_lines=not chosen.no_reset,
        stub=not chosen.no_stub,
    )
    for line in sys.stdin:
        try:
            reply = _reply(board, json.loads(line))
        except _FAILURES as error:
            board.close()
            reply = {"error": _text(error)}
        # esptool may have begun a text line.
        sys.stdout.write(f"\n{json.dumps(reply)}\n")
        sys.stdout.flush()
    board.close()
    sys.stdout.flush()
    os._exit(0)  # At once: the port is wanted by the next program.


if __name__ == "__main__":
    main()
