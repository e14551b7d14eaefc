"""Serial ports with a board: all of the computer, or the ones on the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Ports = Callable[[], list[str]]  # Returns the ports that exist now, always in the same order.


def named(ports: Sequence[str]) -> Ports:
    """Watch these ports only. A network address always counts as present."""

    def present() -> list[str]:
        return [port for port in ports if is_address(port) or is_present(port)]

    return present


def is_present(port: str) -> bool:
    """Return whether the computer has this port."""
    if sys.platform == "win32":
        return port.upper() in (name.upper() for name in all_ports())
    else:  # noqa: RET505  mypy checks one of the two
        return Path(port).is_char_device()


def listed() -> list[str]:
    """Return the serial ports of USB adapters and chips that are plugged in."""
    from serial.tools import list_ports  # type: ignore[import-untyped]  # noqa: PLC0415  slow

    return sorted(str(port.device) for port in list_ports.comports() if port.vid is not None)


def all_ports() -> list[str]:
    """Return every serial port of the computer, also those without USB."""
    from serial.tools import list_ports  # noqa: PLC0415  slow

    return [str(port.device) for port in list_ports.comports()]


def is_address(port: str) -> bool:
    """Return whether a port is reached over the network, as rfc2217:// and socket:// are."""
    return "://" in port


def short(port: str) -> str:
    """Return a port's short name for a tile: ttyUSB0, 10.0.0.7:4000."""
    return port.split("://")[1].split("?", maxsplit=1)[0] if is_address(port) else Path(port).name
