"""The first boot on the line: reset the board, read its identity from the console.

The first text line of the SDK names ProductKey, DeviceName and the SDK's version. The board
prints it with or without a network.
"""

from __future__ import annotations

import contextlib
import re
import time
from typing import Any

from alink_factory.board.flasher import has_reset_lines
from alink_factory.errors import BoardError
from alink_formats.identity import Identity
from alink_formats.sources import firmware_dir

TIMEOUT = 30.0  # Seconds from the reset to that text line.

_BAUD = 115_200  # Of MicroPython's console, whatever esptool used.
_SAYS = re.compile(r"this is (\S+)/(\S+), .*SDK (\S+)")
# Text that a board prints if it cannot get that far, and its meaning.
_FAULTS = (
    (r"invalid header|No bootable app|invalid magic byte", "the firmware does not start"),
    (r"flash_parts: .*|Failed to verify partition table", "the partition table is invalid"),
    (r"filesystem appears to be corrupted", "the vfs cannot be read"),
    (r"nothing is burned on this board", "the board cannot find its identity"),
    (r"the certificate in \S+ is unusable", "the board cannot read its identity"),
    (r"ImportError|SyntaxError|MemoryError", "the application does not start"),
)
_AGAIN = "Plug the board in again. If it fails again, scrap it."


def check(port: str, identity: Identity, *, timeout: float = TIMEOUT) -> str:
    """Reset the board on a port; return its DeviceName and SDK version as it prints them.

    Raises BoardError if it prints another identity, an error, or nothing for `timeout` seconds. On
    a port without reset lines a person has to reset it.
    """
    lines: list[str] = []
    deadline = time.monotonic() + timeout
    with _opened(port) as serial:
        _reset(serial, port)
        pending = b""
        while time.monotonic() < deadline:
            try:
                pending += serial.read(serial.in_waiting or 1)
            except OSError as error:
                raise BoardError(
                    "booted",
                    f"{port} was disconnected ({error})",
                    advice="Check the cable and the plug, then plug the board in again.",
                ) from error
            *whole, pending = pending.split(b"\n")
            for line in whole:
                lines.append(line.decode("utf-8", "replace").strip())
                if said := _SAYS.search(lines[-1]):
                    return _judged(said, identity)
                _refuse_fault(lines[-1])
    last = f'its last text line: "{lines[-1][:80]}"' if lines else "it printed nothing"
    advice = (
        _AGAIN if has_reset_lines(port) else "Press EN when it is burned: it has no reset line."
    )
    raise BoardError(
        "booted",
        f"the board did not print its identity within {timeout:.0f} s; {last}",
        advice=advice,
    )


def sdk_version() -> str:
    """Return the version of the SDK that this program burns."""
    text = (firmware_dir() / "alink" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)
    return found[1] if found else ""


def _judged(said: re.Match[str], identity: Identity) -> str:
    key, name, version = said.groups()
    if (key, name) != (identity.product_key, identity.device_name):
        raise BoardError(
            "booted",
            f"the board says it is {name} of {key}, but it was burned as {identity.device_name}",
            advice="Take it out and keep it for the engineer of the line.",
            is_final=True,
        )
    if version != sdk_version():
        raise BoardError(
            "booted",
            f"the board runs SDK {version}, but {sdk_version()} was burned: another copy is in "
            "the firmware image or in app.folder",
            advice="Remove that copy from the batch.",
            is_final=True,
        )
    return f"{name}, SDK {version}"


def _refuse_fault(line: str) -> None:
    for pattern, what in _FAULTS:
        if re.search(pattern, line):
            raise BoardError("booted", f'{what}: "{line[:100]}"', advice=_AGAIN)


@contextlib.contextmanager
def _opened(port: str) -> Any:
    import serial  # type: ignore[import-untyped]  # noqa: PLC0415  slow

    try:
        opened = serial.serial_for_url(port, _BAUD, timeout=0.1)
    except (OSError, ValueError) as error:
        raise BoardError(
            "booted",
            f"{port} cannot be opened ({error})",
            advice="Close other programs that have it open.",
        ) from error
    with opened:
        yield opened


def _reset(serial: Any, port: str) -> None:
    # EN goes low for 0.1 s while IO0 stays high: the chip starts from flash.
    if not has_reset_lines(port):
        return
    serial.dtr = False
    serial.rts = True
    time.sleep(0.1)
    serial.reset_input_buffer()
    serial.rts = False
