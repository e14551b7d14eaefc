"""The vfs: LittleFS 2 images as MicroPython creates them; files in, an image out, and back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS

_BLOCK = 4096
_MTIME = "\x01"  # The attribute in which MicroPython keeps a file's time: 8 bytes.


class VfsError(ValueError):
    """A vfs cannot be built or read."""


def build(files: Mapping[str, bytes], *, size: int) -> bytes:
    """Return a vfs of `size` bytes; `files` maps absolute paths to contents.

    The same files give the same bytes: times are zero. Raises VfsError when they do not fit.
    """
    vfs = _vfs(b"\xff" * size)
    vfs.format()
    vfs.mount()
    for path in sorted(files):
        _write(vfs, PurePosixPath("/") / path, files[path], size)
    vfs.unmount()
    return bytes(vfs.context.buffer)


def read(image: bytes) -> dict[str, bytes]:
    """Return the files of a vfs by absolute path. Raises VfsError if it is not LittleFS."""
    vfs = _vfs(image)
    try:
        vfs.mount()
    except Exception as error:
        raise VfsError(f"this is not a LittleFS vfs ({error})") from error
    found = {}
    for folder, _, names in vfs.walk("/"):
        for name in names:
            path = str(PurePosixPath(folder) / name)
            with vfs.open(path, "rb") as file:
                found[path] = bytes(file.read())
    return found


def _write(vfs: LittleFS, path: PurePosixPath, content: bytes, size: int) -> None:
    try:
        vfs.makedirs(str(path.parent), exist_ok=True)
        with vfs.open(str(path), "wb") as file:
            file.write(content)
        vfs.setattr(str(path), _MTIME, bytes(8))
    except Exception as error:
        message = f"{path} ({len(content)} bytes) does not fit into a vfs of {size} bytes"
        raise VfsError(f"{message}: {error}") from error


def _vfs(image: bytes) -> LittleFS:
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
    # The blocks of a vfs; the library's own context spends most of its time on log messages.

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
