"""Compile the stand-ins and umqtt, as a firmware image has them, once into the cache."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alink_formats.bytecode import FORM
from alink_sim import toolchain
from alink_sim.board.peripherals.modules import REFUSED_MODULES

_STANDINS = Path(__file__).parent / "standins"
# These load before main.py; the others cost heap only if the firmware imports them.
_BOOT = frozenset(
    {
        "_main",
        "_boot",
        "_board",
        "_micropython",
        "_sys",
        "_two_heaps",
        "errno",
        "esp32",
        "select",
        "socket",
        "time",
    }
)


@dataclass(frozen=True)
class Frozen:
    """Folders of bytecode: `boot` is visible until `/` is mounted, `rom` always."""

    boot: Path
    rom: Path


def frozen(*, with_umqtt: bool = True) -> Frozen:
    """Return the folders; compile them if a source has changed. Raises ToolchainError.

    Without umqtt for an interpreter that has it frozen in, as chip32 does.
    """
    sources = _sources(with_umqtt=with_umqtt)
    digest = hashlib.sha256(f"{FORM} {toolchain.mpy_cross()}".encode())
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name] + b"\0")
    home = toolchain.cache_dir() / f"board-{digest.hexdigest()[:16]}"
    if not home.is_dir():
        _compile(sources, home)
    return Frozen(home / "boot", home / "rom")


def _sources(*, with_umqtt: bool) -> dict[str, bytes]:
    # Return the source of each module, by its path without a suffix.
    found = {
        f"rom/{name}": f'raise ImportError("{name} is not simulated: {why}")\n'.encode()
        for name, why in REFUSED_MODULES.items()
    }
    for file in _STANDINS.rglob("*.py"):
        name = str(file.relative_to(_STANDINS).with_suffix(""))
        found[f"{'boot' if name in _BOOT else 'rom'}/{name}"] = file.read_bytes()
    for folder in (_umqtt_robust(), toolchain.umqtt_simple()) if with_umqtt else ():
        for file in (folder / "umqtt").glob("*.py") if folder else ():
            found[f"rom/umqtt/{file.stem}"] = file.read_bytes()
    return found


@functools.cache
def _umqtt_robust() -> Path | None:
    # None if it cannot be fetched: few programs use it, so this is not an error, tried once.
    with contextlib.suppress(toolchain.ToolchainError):
        return toolchain.umqtt_robust()
    return None


def _compile(sources: dict[str, bytes], home: Path) -> None:
    # Compile into a separate folder first: another process may do the same at this moment.
    home.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="board-", dir=home.parent))
    try:
        for name, source in sources.items():
            target = scratch / f"{name}.mpy"
            target.parent.mkdir(parents=True, exist_ok=True)
            file = target.with_suffix(".py")
            file.write_bytes(source)
            # A short name: it takes one place less in the interpreter's table of names.
            target.write_bytes(toolchain.compile_mpy(file, name=file.stem))
            file.unlink()
        try:
            scratch.rename(home)
        except OSError:
            if not home.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
