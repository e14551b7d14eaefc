"""esptool at work on one board, kept open: requests in, replies out.

esptool is GPL and is never imported. A GPL program beside this package, `alink_flasher`, keeps its
connection: one reset into the loader and one upload of the stub serve every step of a job. Data of
the flash goes through the pipe, so no image is in a file and no secret is in an argument.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alink_factory.board import program
from alink_factory.board.esptool_failures import failure
from alink_factory.errors import BoardError


class Flasher:
    """The program for the board on a port; it starts with the first request.

    `stub` uploads esptool's stub; without it the loader of the ROM is used. `stop` ends the
    program.
    """

    def __init__(
        self, port: str, *, baud: int, stub: bool = True, stop: threading.Event | None = None
    ) -> None:
        self._port = port
        self._command = [sys.executable, "-m", "alink_flasher"]
        self._command += ["--port", port, "--baud", str(baud)]
        self._command += [] if has_reset_lines(port) else ["--no-reset"]
        self._command += [] if stub else ["--no-stub"]
        self._stop = stop
        self._program: program.Program | None = None

    def ask(
        self, step: str, request: dict[str, Any], *, on_line: Callable[[str], None]
    ) -> dict[str, Any]:
        """Return the reply to a request; `on_line` gets the text lines that esptool prints.

        Raises BoardError, and then the next request starts the program again.
        """
        lines: list[str] = []
        try:
            reply = self._reply(request, lines, on_line)
        except program.ProgramStoppedError as error:
            self.close()
            raise BoardError(
                step, f"esptool was ended: {error}", advice="Plug the board in again."
            ) from error
        if reply is None or "error" in reply:
            self.close()
            raise failure(step, self._port, lines + ([reply["error"]] if reply else []))
        return reply

    def close(self) -> None:
        """End the program, which closes the port; do nothing if it does not run."""
        if self._program:
            self._program.end()
            self._program = None

    def _reply(
        self, request: dict[str, Any], lines: list[str], on_line: Callable[[str], None]
    ) -> dict[str, Any] | None:
        # None if the program has died.
        if self._program is None:
            self._program = program.Program(self._command, stop=self._stop, is_fed=True)
        self._program.send(f"{json.dumps(request)}\n".encode())
        while (line := self._program.line()) is not None:
            if line.startswith("{"):
                reply: dict[str, Any] = json.loads(line)
                return reply
            lines.append(line)
            on_line(line)
        return None


def has_reset_lines(port: str) -> bool:
    """Return whether a port has DTR and RTS; a pseudo terminal does not have them."""
    return not re.match(r"/dev/(pts/|ttys\d)", str(Path(port).resolve()))
