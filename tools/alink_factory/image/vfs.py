"""The vfs of a board: the SDK as bytecode and the files of the application."""

from __future__ import annotations

from pathlib import Path

from alink_factory.errors import BatchError
from alink_factory.image.region import Region
from alink_formats import littlefs
from alink_formats.board_file import file_of_board
from alink_formats.bytecode import compile_mpy
from alink_formats.errors import ToolchainError
from alink_formats.flash import SECTOR
from alink_formats.partitions import Partition
from alink_formats.sdk import sdk_files

_AS_SOURCE = {"main.py", "boot.py"}  # MicroPython does not start these from bytecode.


def files(folder: Path | None) -> dict[str, bytes]:
    """Return path → content of the vfs. Raises BatchError if a file does not compile."""
    try:
        found = sdk_files()
        if folder is None:
            return found
        if not folder.is_dir():
            raise BatchError(f"app.folder {folder} is not a folder")
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)
            if path.is_file() and not hidden:
                found |= _file(path, path.relative_to(folder))
    except (ToolchainError, OSError) as error:
        raise BatchError(str(error)) from error
    return found


def region(content: dict[str, bytes], place: Partition) -> Region:
    """Return the region to write: the blocks of a new vfs up to the last one in use.

    The device never reads the blocks behind them. A new vfs uses blocks in order, so the second
    block of the last pair is the next one. Raises BatchError if the files do not fit.
    """
    try:
        image = littlefs.build(content, size=place.size)
    except littlefs.VfsError as error:
        raise BatchError(f"the partition {place.name}: {error}") from error
    used = len(image.rstrip(b"\xff"))
    end = min(-(-used // SECTOR) + 1, place.size // SECTOR) * SECTOR
    return Region(place.offset, "vfs", image[:end])


def read(data: bytes, place: Partition) -> dict[str, bytes]:
    """Return the files of a vfs of which only the first blocks were read. Raises VfsError."""
    return littlefs.read(data + b"\xff" * (place.size - len(data)))


def _file(path: Path, name: Path) -> dict[str, bytes]:
    bytecode = compile_mpy(path, name=name.as_posix()) if path.suffix == ".py" else b""
    if not bytecode or str(name) in _AS_SOURCE:
        return {f"/{name.as_posix()}": file_of_board(path)}
    return {f"/{name.with_suffix('.mpy').as_posix()}": bytecode}
