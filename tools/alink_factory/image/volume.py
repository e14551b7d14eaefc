"""The volume of a board: the SDK as bytecode and the files of the application."""

from __future__ import annotations

from pathlib import Path

from alink_factory.errors import BatchError
from alink_factory.image.region import Region
from alink_formats import littlefs
from alink_formats.bytecode import compile_mpy
from alink_formats.errors import ToolchainError
from alink_formats.flash import SECTOR
from alink_formats.partitions import Partition
from alink_formats.sdk import sdk_files

_AS_SOURCE = {"main.py", "boot.py"}  # MicroPython starts no bytecode of these.


def files(folder: Path | None) -> dict[str, bytes]:
    """Return path → content of the volume. Raises BatchError for what does not compile."""
    try:
        found = sdk_files()
        if folder is None:
            return found
        if not folder.is_dir():
            raise BatchError(f"app.folder {folder} is no folder")
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
            if path.is_file() and not hidden:
                found |= _file(path, path.relative_to(folder))
    except (ToolchainError, OSError) as error:
        raise BatchError(str(error)) from error
    return found


def region(content: dict[str, bytes], place: Partition) -> Region:
    """Return what is written of the volume: its blocks up to the last one in use.

    What lies behind them is never looked at: in a new volume blocks are taken in their order, so
    the second block of the last pair is the next one. Raises BatchError when it does not fit.
    """
    try:
        image = littlefs.build(content, size=place.size)
    except littlefs.VolumeError as error:
        raise BatchError(f"the volume {place.name}: {error}") from error
    used = len(image.rstrip(b"\xff"))
    end = min(-(-used // SECTOR) + 1, place.size // SECTOR) * SECTOR
    return Region(place.offset, "volume", image[:end])


def read(data: bytes, place: Partition) -> dict[str, bytes]:
    """Return the files of a volume of which only the beginning was read. Raises VolumeError."""
    return littlefs.read(data + b"\xff" * (place.size - len(data)))


def _file(path: Path, name: Path) -> dict[str, bytes]:
    bytecode = compile_mpy(path, name=name.as_posix()) if path.suffix == ".py" else b""
    if not bytecode or str(name) in _AS_SOURCE:
        return {f"/{name.as_posix()}": path.read_bytes()}
    return {f"/{name.with_suffix('.mpy').as_posix()}": bytecode}
