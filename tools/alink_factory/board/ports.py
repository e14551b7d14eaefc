"""Which ports have a board: what the computer lists, or the ports that were named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

Ports = Callable[[], list[str]]  # The ports that are there now, in a steady order.


def named(ports: Sequence[str]) -> Ports:
    """Watch these ports only. One with an address in place of a path is always there."""

    def present() -> list[str]:
        return [port for port in ports if is_address(port) or Path(port).is_char_device()]

    return present


def listed() -> list[str]:
    """Return the serial ports of USB adapters and chips that are plugged in."""
    from serial.tools import list_ports  # type: ignore[import-untyped]  # noqa: PLC0415  slow

    return sorted(str(port.device) for port in list_ports.comports() if port.vid is not None)


def is_address(port: str) -> bool:
    """Return whether a port is reached over the network, as rfc2217:// and socket:// are."""
    return "://" in port


def short(port: str) -> str:
    """Return a port's name as it fits a tile: ttyUSB0, 10.0.0.7:4000."""
    return port.split("://")[1].split("?", maxsplit=1)[0] if is_address(port) else Path(port).name
