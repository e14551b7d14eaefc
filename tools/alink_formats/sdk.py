"""The files of a board's vfs: the SDK as bytecode, boot.py and main.py."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from alink_formats import bytecode_cache
from alink_formats.bytecode import dotted
from alink_formats.sources import firmware_dir


def sdk_files(
    *, mpy: bool = True, main: str | bytes | None = None, boot: str | bytes | None = None
) -> dict[str, bytes]:
    """Return path → content of a vfs that runs the SDK.

    `mpy=False` uses the source instead. `main` and `boot` replace the templates of firmware/.
    Raises ToolchainError if the SDK does not compile.
    """
    firmware = firmware_dir()
    files = {}
    for source in sorted((firmware / "alink").rglob("*")):
        if not source.is_file() or "__pycache__" in source.parts:
            continue
        path = source.relative_to(firmware)
        if source.suffix == ".py" and mpy:
            files[f"/lib/{path.with_suffix('.mpy')}"] = _bytecode(source, dotted(path))
        else:
            files[f"/lib/{path}"] = source.read_bytes()
    for name, given in (("boot.py", boot), ("main.py", main)):
        if given is not None:
            files[f"/{name}"] = given.encode() if isinstance(given, str) else given
        elif (firmware / name).is_file():
            files[f"/{name}"] = (firmware / name).read_bytes()
    return files


def _bytecode(source: Path, name: str) -> bytes:
    return _compiled(source, name, hashlib.sha256(source.read_bytes()).digest())


@cache
def _compiled(source: Path, name: str, _digest: bytes) -> bytes:
    return bytecode_cache.compiled(source, name=name)
