"""The first boot on the line: a port in, what the board says of itself out.

The SDK's first line names ProductKey, DeviceName and the SDK's version; a board says it with a
network or without.
"""

from __future__ import annotations

import contextlib
import re
import time
from typing import Any

from alink_factory.board.esptool import has_reset_lines
from alink_factory.errors import BoardError
from alink_formats.identity import Identity
from alink_formats.sources import firmware_dir

PATIENCE = 30.0  # Seconds from the reset to the line.

_BAUD = 115_200  # What MicroPython's console has, whatever esptool used.
_SAYS = re.compile(r"this is (\S+)/(\S+), .*SDK (\S+)")
# What a board prints that will not come so far, and what to do about it.
_FAULTS = (
    (r"invalid header|No bootable app|invalid magic byte", "the firmware does not start"),
    (r"flash_parts: .*|Failed to verify partition table", "the partition table is refused"),
    (r"filesystem appears to be corrupted", "the volume cannot be read"),
    (r"nothing is burned on this board", "the board does not find its identity"),
    (r"the certificate in \S+ is unusable", "the board cannot read its identity"),
    (r"ImportError|SyntaxError|MemoryError", "the application does not start"),
)
_AGAIN = "Plug the board in once more; if it fails again, scrap it."


def check(port: str, identity: Identity, *, patience: float = PATIENCE) -> str:
    """Reset the board on a port and return what it said. Raises BoardError if it is another.

    Where the port has no reset lines the board has to be reset by hand.
    """
    lines: list[str] = []
    deadline = time.monotonic() + patience
    with _opened(port) as serial:
        _reset(serial, port)
        pending = b""
        while time.monotonic() < deadline:
            try:
                pending += serial.read(serial.in_waiting or 1)
            except OSError as error:
                raise BoardError(
                    "booted", f"{port} is gone ({error})", advice="Check cable and plug."
                ) from error
            *whole, pending = pending.split(b"\n")
            for line in whole:
                lines.append(line.decode("utf-8", "replace").strip())
                if said := _SAYS.search(lines[-1]):
                    return _judged(said, identity)
                _refuse_fault(lines[-1])
    said_last = f'it said last: "{lines[-1][:80]}"' if lines else "it said nothing"
    advice = _AGAIN if has_reset_lines(port) else "Press EN after it was burned: no reset line."
    raise BoardError(
        "booted",
        f"the board did not say who it is in {patience:.0f} s; {said_last}",
        advice=advice,
    )


def sdk_version() -> str:
    """Return the version of the SDK that is burned."""
    text = (firmware_dir() / "alink" / "__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "(.+)"', text, re.MULTILINE)
    return found[1] if found else ""


def _judged(said: re.Match[str], identity: Identity) -> str:
    key, name, version = said.groups()
    if (key, name) != (identity.product_key, identity.device_name):
        raise BoardError(
            "booted",
            f"the board says it is {name} of {key}, and {identity.device_name} was burned",
            advice="Take it out: keep it for whoever looks after the line.",
            is_final=True,
        )
    if version != sdk_version():
        raise BoardError(
            "booted",
            f"the board runs SDK {version}, and {sdk_version()} was burned: is another one in "
            "the firmware or in the application's folder?",
            advice="Put the batch right.",
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
            "booted", f"{port} cannot be opened ({error})", advice="Close what else has it open."
        ) from error
    with opened:
        yield opened


def _reset(serial: Any, port: str) -> None:
    # EN low for a moment while IO0 stays high: the chip starts what is in flash.
    if not has_reset_lines(port):
        return
    serial.dtr = False
    serial.rts = True
    time.sleep(0.1)
    serial.reset_input_buffer()
    serial.rts = False
