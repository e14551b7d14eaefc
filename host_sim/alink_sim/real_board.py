"""A board with MicroPython on a serial port, for the fixtures of `pytest --alink-port PORT`.

docs/reference/pytest-fixtures.md. mpremote writes files and the certificate, Ctrl-C stops the
program, and Ctrl-D starts it again.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn, Self

import pytest
import serial  # type: ignore[import-untyped]

from alink_formats import extras
from alink_formats import identity as records
from alink_formats.identity import SECRETS, Identity
from alink_formats.sdk import sdk_files
from alink_sim.board import BoardError, TextLine
from alink_sim.board.interpreter.console import Console
from alink_sim.patience import patience
from alink_sim.platform import Platform, Product

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
for name in ("/alink.cert", "/alink.cred"):
    try:
        os.remove(name)
    except OSError:
        pass
"""


class RealBoard:
    """One board: what `alink_sim.board.Board` has, as far as a serial port can do it."""

    def __init__(self, port: str, *, device_name: str) -> None:
        self.device_name = device_name
        self._port = port
        self._console = Console()
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

    @property
    def lines(self) -> list[TextLine]:
        """Return every text line that it has printed since the first `power_on`."""
        return self._console.lines

    @property
    def ended(self) -> str:
        """Return "", as of a board that runs: a serial port does not show the end."""
        return ""

    def tail(self, count: int = 20) -> str:
        """Return the last `count` text lines, each with its seconds since `power_on`."""
        return self._console.tail(count)

    def expect(self, what: str | re.Pattern[str], *, timeout: float | None = None) -> TextLine:
        """Return the next text line that contains a text or matches a pattern.

        Raises BoardError after `timeout` seconds (None: `patience`).
        """
        __tracebackhide__ = True  # pytest then shows the caller.
        return self._console.expect(what, timeout=patience() if timeout is None else timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()

    def __getattr__(self, name: str) -> NoReturn:
        """Skip the test: only a simulated board has a flash file, pins and a radio to drive."""
        if name.startswith("_"):
            raise AttributeError(name)
        pytest.skip(f"board.{name} needs a simulated board; --alink-port names a real one")

    def _read(self, port: Any) -> None:
        while self._serial is port:
            if data := port.read(port.in_waiting or 1):
                self._console.feed(data)


@dataclass
class RealFlash:
    """Burn the board on a port for a test, as `FactoryFlash` burns simulated ones.

    `host` is the name of this computer for the board, "" if names of the vendor lead here. `wifi`
    is SSID:PASSWORD, "" if the board joins its network by itself. `scratch` is a private folder.
    """

    port: str
    platform: Platform
    product: Product
    ntp_port: int
    scratch: Path
    host: str = ""
    wifi: str = ""
    files: Path | None = None
    boards: list[RealBoard] = field(default_factory=list)

    def __call__(
        self,
        device_name: str | None = None,
        *,
        main: str | None = None,
        files: Mapping[str, bytes] | None = None,
        pre_registered: bool = True,
        **other: Any,
    ) -> RealBoard:
        """Return the burned board, at its REPL.

        A second board, or a setting of a simulated board, skips the test.
        """
        if self.boards:
            pytest.skip("it needs a second board; --alink-port names one")
        for name in ("app", "board", "heap", "layout"):
            if other.pop(name, None) is not None:
                pytest.skip(f"{name} is a setting of a simulated board")
        name = device_name or "real-board"
        burned = Identity(**{**self._identity(name), **other})
        for secret in SECRETS:
            self.platform.mask.learn(getattr(burned, secret))
        if pre_registered:
            self.platform.console.add_device(burned.product_key, name)
        given = {**sdk_files(main=main), **self._own_files(main), **(files or {})}
        self._burn(burned, given)
        self.boards.append(RealBoard(self.port, device_name=name))
        return self.boards[0]

    def power_off(self) -> None:
        """Stop the program of the board."""
        for board in self.boards:
            board.power_off()

    def why_silent(self, _device_name: str | None) -> str:
        """Return "": a serial port does not show that a program has ended."""
        return ""

    def _identity(self, device_name: str) -> dict[str, Any]:
        at = self.host or "iot-auth.cn-shanghai.aliyuncs.com"
        ssid, _, password = self.wifi.partition(":")
        return {
            "product_key": self.product.key,
            "product_secret": self.product.secret,
            "device_name": device_name,
            "instance_id": self.product.instance,
            "host": self.host,
            "port": self.platform.mqtt_tls_port,
            "https_host": f"{at}:{self.platform.https_port}",
            "ntp_host": f"{self.host or 'ntp.aliyuncs.com'}:{self.ntp_port}",
            "ca": (self.platform.ca_der,),
            "wifi_ssid": ssid,
            "wifi_password": password,
        }

    def _own_files(self, main: str | None) -> dict[str, bytes]:
        if self.files is None:
            return {}
        found = {
            f"/{path.relative_to(self.files).as_posix()}": path.read_bytes()
            for path in self.files.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        return {name: data for name, data in found.items() if main is None or name != "/main.py"}

    def _burn(self, burned: Identity, files: Mapping[str, bytes]) -> None:
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
