"""Bytes of bytecode, module by module."""

from __future__ import annotations

from alink_sim import toolchain


def mpy_bytes() -> dict[str, int]:
    """Return the `.mpy` bytes of every module of the SDK but its roots."""
    folder = toolchain.firmware_dir() / "alink"
    sizes = {}
    for source in sorted(folder.rglob("*.py")):
        name = toolchain.dotted(source.relative_to(folder).with_suffix("")) or "__init__"
        if not name.startswith("roots"):
            sizes[name] = len(toolchain.compile_mpy(source, name=f"alink.{name}"))
    return sizes
