"""Bytes of bytecode, module by module."""

from __future__ import annotations

from alink_sim import toolchain


def mpy_bytes() -> dict[str, int]:
    """Return the `.mpy` bytes of every module of the SDK but its roots."""
    folder = toolchain.firmware_dir() / "alink"
    return {
        source.stem: len(toolchain.compile_mpy(source, name=f"alink.{source.stem}"))
        for source in sorted(folder.glob("*.py"))
    }
