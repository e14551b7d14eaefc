"""Folders that the project ships: in the checkout, or in the installed package."""

from __future__ import annotations

from pathlib import Path

from alink_formats.errors import ToolchainError


def checkout() -> Path | None:
    """Return the root of the source checkout, None if this is an installed package."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "tools" / "alink_formats").is_dir() else None


def firmware_dir() -> Path:
    """Return the folder that holds the package `alink` of the board. Raises ToolchainError."""
    return _source("firmware")


def boards_dir() -> Path:
    """Return the folder of board definitions. Raises ToolchainError."""
    return _source("boards")


def _source(name: str) -> Path:
    root = checkout()
    folder = root / name if root else Path(__file__).resolve().parent / "_data" / name
    if not folder.is_dir():
        raise ToolchainError(f"{folder} is missing: reinstall alink-sdk or restore the checkout.")
    return folder
