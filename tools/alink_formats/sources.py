"""Where what the project ships lies: a name in, a folder of the checkout or the package out."""

from __future__ import annotations

from pathlib import Path

from alink_formats.errors import ToolchainError


def checkout() -> Path | None:
    """Return the root of the source checkout we run from, None when installed as a package."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "tools" / "alink_formats").is_dir() else None


def firmware_dir() -> Path:
    """Return the folder that holds the device package `alink`; ToolchainError if there is none."""
    return _source("firmware")


def boards_dir() -> Path:
    """Return the folder of board definitions; ToolchainError if there is none."""
    return _source("boards")


def _source(name: str) -> Path:
    root = checkout()
    folder = root / name if root else Path(__file__).resolve().parent / "_data" / name
    if not folder.is_dir():
        raise ToolchainError(f"{folder} is missing: reinstall alink-sdk or restore the checkout.")
    return folder
