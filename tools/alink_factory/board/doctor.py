"""Checks of the computer: programs, serial ports, permissions, chips, and how to fix each."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alink_factory.board import ports, program
from alink_factory.board.esptool import Chip
from alink_factory.board.flasher import has_reset_lines
from alink_factory.errors import BoardError
from alink_formats.board import size_name
from alink_formats.extras import how_to_get

# USB adapters of boards: vendor and product, what they are, where their driver comes from.
_ADAPTERS = {
    (0x10C4, 0xEA60): ("CP210x", "Silicon Labs' CP210x VCP driver"),
    (0x10C4, 0xEA70): ("CP2105", "Silicon Labs' CP210x VCP driver"),
    (0x1A86, 0x7523): ("CH340", "WCH's CH34x driver"),
    (0x1A86, 0x5523): ("CH341", "WCH's CH34x driver"),
    (0x1A86, 0x55D4): ("CH9102", "WCH's CH34x driver"),
    (0x1A86, 0x55D3): ("CH343", "WCH's CH34x driver"),
    (0x0403, 0x6001): ("FT232R", "FTDI's VCP driver"),
    (0x0403, 0x6010): ("FT2232", "FTDI's VCP driver"),
    (0x0403, 0x6015): ("FT231X", "FTDI's VCP driver"),
    (0x303A, 0x1001): ("the chip's own USB", "none: it is part of the system"),
}
_BRLTTY = "/usr/lib/udev/rules.d/*brltty*.rules"
_MODULES = Path("/sys/bus/usb-serial/drivers")


@dataclass(frozen=True)
class Finding:
    """The result of one check; `advice` says how to fix it if it is not good."""

    what: str
    is_good: bool
    seen: str
    advice: str = ""


def examine(named: Sequence[str], identify: Callable[[str], Chip]) -> Iterator[Finding]:
    """Check the programs, the ports (all, or the `named` ones) and the chips on them."""
    yield _program("esptool", ["version"], wanted="5.")
    yield _program("mpremote", ["version"], wanted="1.")
    yield _generator()
    found = list(named) or ports.listed()
    if not found:
        yield Finding(
            "ports",
            is_good=False,
            seen="no serial port of a board was found",
            advice=_no_port(),
        )
    for port in found:
        yield from _port(port, identify)


def _program(name: str, arguments: list[str], *, wanted: str) -> Finding:
    lines: list[str] = []
    program.run([sys.executable, "-m", name, *arguments], on_line=lines.append)
    is_there = bool(lines) and "No module named" not in lines[-1]
    word = lines[-1].split()[-1].lstrip("v") if is_there else "not installed"
    is_good = word.startswith(wanted)
    seen = word if is_good else f"{word}, but {wanted}x is needed"
    return Finding(name, is_good, seen, how_to_get("burn"))


def _generator() -> Finding:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        return Finding("NVS generator", is_good=True, seen=version("esp-idf-nvs-partition-gen"))
    except PackageNotFoundError:
        fix = "python -m pip install esp-idf-nvs-partition-gen"
        return Finding("NVS generator", is_good=False, seen="not installed", advice=fix)


def _port(port: str, identify: Callable[[str], Chip]) -> Iterator[Finding]:
    seen = _adapter(port)
    if not ports.is_address(port):
        is_windows = sys.platform == "win32"
        if not (ports.is_present(port) if is_windows else Path(port).exists()):
            yield Finding(port, is_good=False, seen="the port does not exist", advice=_no_port())
            return
        if sys.platform != "win32" and not os.access(port, os.R_OK | os.W_OK):
            yield Finding(
                port,
                is_good=False,
                seen="this user has no permission to open it",
                advice=_group(port),
            )
            return
    if not has_reset_lines(port):
        seen += ", without reset lines: hold BOOT and press EN by hand"
    yield Finding(port, is_good=True, seen=seen)
    try:
        chip = identify(port)
    except BoardError as error:
        yield Finding(f"{port} chip", is_good=False, seen=str(error), advice=error.advice)
        return
    yield Finding(f"{port} chip", is_good=True, seen=f"{chip.name}, MAC {chip.mac}")
    yield Finding(
        f"{port} flash",
        is_good=bool(chip.flash_size),
        seen=size_name(chip.flash_size)
        if chip.flash_size
        else "the flash does not report its size",
        advice="The flash is dead or not soldered: put the board aside for repair.",
    )


def _adapter(port: str) -> str:
    from serial.tools import list_ports  # type: ignore[import-untyped]  # noqa: PLC0415  slow

    for found in list_ports.comports():
        if found.device == port and found.vid is not None:
            known = _ADAPTERS.get((found.vid, found.pid))
            name = known[0] if known else found.description
            return f"{name} ({found.vid:04x}:{found.pid:04x})"
    return "over the network" if ports.is_address(port) else "unknown USB adapter"


def _group(port: str) -> str:
    # The group that may open the port, and how to join it.
    group = "dialout"
    if sys.platform != "win32":
        import grp  # noqa: PLC0415  not on Windows

        with contextlib.suppress(KeyError, OSError):
            group = grp.getgrgid(Path(port).stat().st_gid).gr_name
    return f"Run `sudo usermod -aG {group} $USER`, then log out and in again."


def _no_port() -> str:
    advice = "Use a USB cable that carries data, or another USB socket. "
    if sys.platform == "linux":
        if list(Path("/").glob(_BRLTTY[1:])):
            advice += "brltty takes over CH340 adapters: run `sudo apt remove brltty`. "
        drivers = {path.name for path in _MODULES.glob("*")} if _MODULES.is_dir() else set()
        if not drivers & {"cp210x", "ch341-uart"}:
            advice += "The kernel has not loaded a driver: run `dmesg` to see what it found. "
    else:
        names = sorted({driver for _, driver in _ADAPTERS.values() if "driver" in driver})
        advice += f"Drivers for this system: {', '.join(names)}. "
    return advice.strip()
