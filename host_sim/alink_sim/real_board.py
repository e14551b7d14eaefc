"""A board with MicroPython on a serial port, for the fixtures of `pytest --alink-port PORT`.

docs/reference/pytest-fixtures.md, "Lanes". mpremote writes files and the certificate, Ctrl-C stops
the program, and Ctrl-D starts it again.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pytest
import serial  # type: ignore[import-untyped]

from alink_formats import extras
from alink_formats import identity as records
from alink_formats.identity import Identity
from alink_sim.board import BoardError
from alink_sim.patience import patience
from alink_sim.remote_board import RemoteBoard, RemoteFlash

_BAUD = 115200
_STOP, _START = b"\r\x03\x03", b"\r\x04"
# The certificate into NVS; what an earlier test left goes.
_BURN = """
import binascii, esp32, os
nvs = esp32.NVS("alink")
nvs.set_blob("cert", binascii.unhexlify("{record}"))
for key in ("cred", "tries"):
    try:
        nvs.erase_key(key)
    except OSError:
        pass
nvs.commit()
for entry in os.ilistdir("/"):
    if entry[1] == 0x8000 and entry[0].startswith("alink."):
        os.remove("/" + entry[0])
"""


class RealBoard(RemoteBoard):
    """The board at a serial port."""

    lane = "--alink-port"

    def __init__(self, port: str, *, device_name: str) -> None:
        super().__init__(device_name=device_name)
        self._port = port
        self._serial: Any = None  # pyserial has no types.
        self._reader: threading.Thread | None = None

    def power_on(self) -> None:
        """Start boot.py and main.py by a soft reset; what the program printed before is gone."""
        self.power_off()
        self._console.begin(None)
        self._serial = serial.serial_for_url(self._port, _BAUD, timeout=0.1, do_not_open=True)
        # On most boards these lines are EN and BOOT; pyserial raises them as it opens a port.
        self._serial.dtr = self._serial.rts = False
        self._serial.open()
        self._serial.write(_STOP + _START)
        self._reader = threading.Thread(target=self._read, args=(self._serial,), daemon=True)
        self._reader.start()

    def power_off(self) -> None:
        """Stop the program, which leaves the board at its REPL."""
        if self._serial and self._reader:
            port, self._serial = self._serial, None
            port.write(_STOP)
            port.flush()
            self._reader.join()
            port.close()
            self._console.end("was stopped")

    def type(self, keys: bytes) -> None:
        """Send bytes to its serial port."""
        if self._serial:
            self._serial.write(keys)

    def _read(self, port: Any) -> None:
        while self._serial is port:
            if data := port.read(port.in_waiting or 1):
                self._console.feed(data)


@dataclass
class RealFlash(RemoteFlash[RealBoard]):
    """Burn the one board at `port`, which is at its REPL then."""

    port: str = ""

    def check_settings(self, layout: str | None) -> None:
        """Skip the test if it needs a second board, or another partition table."""
        if self.boards:
            pytest.skip("it needs a second board; --alink-port names one")
        if layout not in (None, "stock"):
            pytest.skip(f"the layout {layout} is a setting of a simulated board")

    def burn(
        self, burned: Identity, files: Mapping[str, bytes], _layout: str | None, /
    ) -> RealBoard:
        """Write files and certificate. Raises BoardError with the last words of mpremote."""
        if find_spec("mpremote") is None:
            raise BoardError(f"mpremote is not installed: {extras.how_to_get('burn')}")
        tree = self.scratch / "vfs"
        for name, data in files.items():
            path = tree / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        script = self.scratch / "burn.py"  # Not an argument: other users can see arguments.
        script.touch(mode=0o600)
        program = _BURN.format(record=records.encode(burned).hex())
        script.write_text(program, encoding="utf-8")
        entries = [f"{one}" for one in sorted(tree.iterdir())]
        command = ["resume", "cp", "-r", *entries, ":/", "+", "run", str(script)]
        try:
            done = subprocess.run(
                [sys.executable, "-m", "mpremote", "connect", self.port, *command],
                capture_output=True,
                text=True,
                check=False,
                timeout=10 * patience(),
            )
        finally:
            script.unlink()
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()[-3:]
            raise BoardError(f"the board on {self.port} was not burned: {' '.join(said)}")
        return RealBoard(self.port, device_name=burned.device_name)
