"""LittleFS 2 volumes as MicroPython makes them: files in, an image out, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS

_BLOCK = 4096
_MTIME = "\x01"  # The attribute in which MicroPython keeps a file's time: 8 bytes.


class VolumeError(ValueError):
    """A volume that cannot be built or read."""


def build(files: Mapping[str, bytes], *, size: int) -> bytes:
    """Return a volume of `size` bytes; `files` maps absolute paths to contents.

    The same files give the same bytes: times are zero. Raises VolumeError when they do not fit.
    """
    volume = _volume(b"\xff" * size)
    volume.format()
    volume.mount()
    for path in sorted(files):
        _write(volume, PurePosixPath("/") / path, files[path], size)
    volume.unmount()
    return bytes(volume.context.buffer)


def read(image: bytes) -> dict[str, bytes]:
    """Return the files of a volume by absolute path. Raises VolumeError when it is none."""
    volume = _volume(image)
    try:
        volume.mount()
    except Exception as error:
        raise VolumeError(f"no LittleFS volume is here ({error})") from error
    found = {}
    for folder, _, names in volume.walk("/"):
        for name in names:
            path = str(PurePosixPath(folder) / name)
            with volume.open(path, "rb") as file:
                found[path] = bytes(file.read())
    return found


def _write(volume: LittleFS, path: PurePosixPath, content: bytes, size: int) -> None:
    try:
        volume.makedirs(str(path.parent), exist_ok=True)
        with volume.open(str(path), "wb") as file:
            file.write(content)
        volume.setattr(str(path), _MTIME, bytes(8))
    except Exception as error:
        message = f"{path} ({len(content)} bytes) does not fit into a volume of {size} bytes"
        raise VolumeError(f"{message}: {error}") from error


def _volume(image: bytes) -> LittleFS:
    return LittleFS(
        context=_Memory(image),  # type: ignore[arg-type]
        block_size=_BLOCK,
        block_count=len(image) // _BLOCK,
        read_size=32,
        prog_size=32,
        cache_size=128,
        lookahead_size=32,
        block_cycles=100,
        mount=False,
    )


class _Memory:
    # The blocks of a volume; the library's own context spends most of its time on log messages.

    def __init__(self, image: bytes) -> None:
        self.buffer = bytearray(image)

    def read(self, _: object, block: int, offset: int, size: int) -> bytes:
        at = block * _BLOCK + offset
        return bytes(self.buffer[at : at + size])

    def prog(self, _: object, block: int, offset: int, data: bytes) -> int:
        at = block * _BLOCK + offset
        self.buffer[at : at + len(data)] = data
        return 0

    def erase(self, _: object, block: int) -> int:
        self.buffer[block * _BLOCK : (block + 1) * _BLOCK] = b"\xff" * _BLOCK
        return 0

    def sync(self, _: object) -> int:
        return 0
