"""Boards with MicroPython for ESP32 in QEMU, for the fixtures of pytest: ALINK_QEMU.

docs/how-to/test-on-other-boards.md. Each board is a process with the flash of `alink-burn image`,
so that switching it off is a power cut. Its serial port is a TCP connection to this process.
Options of QEMU: its own manual, and qemu/esp32/README.md of espressif/esp-toolchain-docs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from alink_formats import board as definitions
from alink_formats import extras
from alink_formats.identity import Identity
from alink_formats.sources import boards_dir
from alink_sim.board import BoardError
from alink_sim.patience import patience
from alink_sim.remote_board import RemoteBoard, RemoteFlash

HOST = "10.0.2.2"  # This computer, in the network that QEMU makes for a board.
_WIFI, _ETHERNET = "esp32_wifi", "open_eth"
_LOST = "the emulator has ended"
# A firmware without Wi-Fi in QEMU joins the emulated Ethernet before main.py.
_JOIN = """
import network, time
if hasattr(network, "PHY_OPENETH"):
    lan = network.LAN(phy_type=network.PHY_OPENETH, phy_addr=1)
    lan.active(True)
    for _ in range(200):
        if lan.isconnected():
            break
        time.sleep_ms(100)
else:
    print("this firmware has no driver for the Ethernet of QEMU: use --alink-wifi")
"""
_KEYS = (
    "region",
    "instance_id",
    "host",
    "port",
    "ntp_host",
    "https_host",
    "sign_method",
    "method",
    "wifi_ssid",
)
_NOT_BURNED = ("client_id", "device_token")


class QemuBoard(RemoteBoard):
    """One emulated board; `command` starts QEMU, without its serial port."""

    lane = "ALINK_QEMU"

    def __init__(self, command: list[str], *, device_name: str) -> None:
        super().__init__(device_name=device_name)
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._serial: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._waker: threading.Thread | None = None

    def power_on(self) -> None:
        """Start the emulator. Raises BoardError if it does not connect its serial port."""
        self.power_off()
        self._console.begin(None)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(patience())
            serial = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
            try:
                self._process = subprocess.Popen(
                    [*self._command, "-serial", serial],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
                self._waker = threading.Thread(
                    target=_wake, args=(self._process, listener.getsockname()), daemon=True
                )
                self._waker.start()
                self._serial = _accepted(listener, self._process)
            except OSError as error:
                raise BoardError(f"{self._command[0]} does not start: {error}") from error
        self._reader = threading.Thread(target=self._read, args=(self._serial,), daemon=True)
        self._reader.start()

    def power_off(self) -> None:
        """Kill the emulator in the middle of whatever it does, as a power cut."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._waker:
            self._waker.join()  # Else it could connect to the next listener, on the same port.
            self._waker = None
        if self._serial and self._reader:
            self._reader.join()
            self._serial.close()
            self._serial = None

    def type(self, keys: bytes) -> None:
        """Send bytes to its serial port."""
        if self._serial:
            self._serial.sendall(keys)

    @property
    def has_ended(self) -> bool:
        """Return whether the emulator runs no more."""
        return self._process is None or self._process.poll() is not None

    def _read(self, serial: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := serial.recv(65536):
                self._console.feed(data)
        self._console.end(_LOST)


def _accepted(listener: socket.socket, process: subprocess.Popen[bytes]) -> socket.socket:
    # QEMU connects before its CPU starts; one that ends instead has told why.
    serial, _ = listener.accept()
    if process.poll() is not None:
        serial.close()
        said = (process.stdout.read() if process.stdout else b"").decode("utf-8", "replace")
        raise OSError(said.strip()[-300:] or f"exit code {process.returncode}")
    return serial


def _wake(process: subprocess.Popen[bytes], address: tuple[str, int]) -> None:
    """End the wait of `_accepted` if the process ends first."""
    process.wait()
    with contextlib.suppress(OSError):
        socket.create_connection(address).close()


@dataclass
class QemuFlash(RemoteFlash[QemuBoard]):
    """Make images with `alink-burn image`, and a board in QEMU of each.

    `qemu` is a command line, to which the machine, the flash and the network are added.
    `firmware` is a published MicroPython image for `board`.
    """

    qemu: str = ""
    firmware: Path = Path()
    board: str = "ESP32_GENERIC"
    layout: str = "factory"

    def check_settings(self, layout: str | None) -> None:
        """Do nothing: each board is its own process, in any layout."""

    def burn(
        self, burned: Identity, files: Mapping[str, bytes], layout: str | None, /
    ) -> QemuBoard:
        """Return a board with a new flash. Raises BoardError with the last words of alink-burn."""
        for name in _NOT_BURNED:
            if getattr(burned, name):
                pytest.skip(f"{name} is not burned by a line; ALINK_QEMU runs what it burns")
        folder = self.scratch / f"qemu-{len(self.boards)}"
        folder.mkdir(mode=0o700)
        definition = definitions.load(boards_dir() / self.board)
        flash = folder / "flash.bin"
        flash.touch(mode=0o600)
        image = self._image(folder, burned, files, layout or self.layout)
        content = b"\xff" * definition.firmware_offset + image
        flash.write_bytes(content.ljust(definition.flash_size, b"\xff"))
        return QemuBoard(self._command(definition.chip, flash), device_name=burned.device_name)

    def _command(self, chip: str, flash: Path) -> list[str]:
        drive = str(flash).replace(",", ",,")
        model = _WIFI if self.wifi else _ETHERNET
        return [
            *shlex.split(self.qemu),
            *("-machine", chip),
            "-nographic",
            *("-monitor", "none"),
            *("-drive", f"file={drive},if=mtd,format=raw"),
            *("-nic", f"user,model={model}"),
        ]

    def _image(
        self, folder: Path, burned: Identity, files: Mapping[str, bytes], layout: str
    ) -> bytes:
        if find_spec("alink_factory") is None:
            raise BoardError(f"alink-burn is not installed: {extras.how_to_get('burn')}")
        if not self.wifi:
            boot = files.get("/boot.py", b"") + _JOIN.encode()
            files = {**files, "/boot.py": boot}
        for name, data in files.items():
            path = folder / "app" / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        batch = folder / "batch.toml"
        batch.write_text(_batch(folder, burned, self, layout), encoding="utf-8")
        image = folder / "image.bin"
        command = ["image", str(batch), burned.device_name, "-o", str(image)]
        done = subprocess.run(
            [sys.executable, "-m", "alink_factory", *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=10 * patience(),
        )
        if done.returncode:
            raise BoardError(f"no image was made: {(done.stdout + done.stderr).strip()[-600:]}")
        data = image.read_bytes()
        image.unlink()
        return data


def _batch(folder: Path, burned: Identity, flash: QemuFlash, layout: str) -> str:
    # Writes the files that the batch names; returns the batch. JSON's strings are TOML's.
    values = {key: value for key in _KEYS if (value := getattr(burned, key))}
    values |= {"key": burned.product_key}
    for key, secret in (
        ("secret", burned.product_secret),
        ("wifi_password", burned.wifi_password),
    ):
        if secret:
            (folder / key).write_text(secret, encoding="utf-8")
            values[key] = f"file:{key}"
    for number, root in enumerate(burned.ca):
        (folder / f"root-{number}.der").write_bytes(root)
    roots = [f"root-{number}.der" for number in range(len(burned.ca))]
    keys = " ".join(sub.product_key for sub in burned.sub_products)
    row = f"{burned.device_name},{burned.device_secret},{keys}"
    rows = f"DeviceName,DeviceSecret,SubProducts\n{row}\n"
    (folder / "rows.csv").write_text(rows, encoding="utf-8")
    lines = ['name = "test"', "[product]", f"ca = {json.dumps(roots)}"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    lines += ["[rows]", 'file = "rows.csv"', "[app]", 'folder = "app"']
    lines += ["[board]", f'name = "{flash.board}"', f'layout = "{layout}"']
    digest = hashlib.sha256(flash.firmware.read_bytes()).hexdigest()
    image = json.dumps(str(flash.firmware.resolve()))
    lines += ["[firmware]", f"image = {image}", f'sha256 = "{digest}"']
    for number, sub in enumerate(burned.sub_products):
        if sub.product_secret:
            source = folder / f"sub-{number}.secret"
            source.write_text(sub.product_secret, encoding="utf-8")
            lines += ["[secrets]"] if number == 0 else []
            lines.append(f'{json.dumps(sub.product_key)} = "file:{source.name}"')
    return "\n".join(lines) + "\n"
