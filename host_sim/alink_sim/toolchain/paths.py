"""Where things lie: this module in, folders of the checkout and of the cache out."""

from __future__ import annotations

import os
from pathlib import Path

from alink_sim.toolchain.errors import ToolchainError


def checkout() -> Path | None:
    """Return the root of the source checkout we run from, None when installed as a package."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "host_sim" / "alink_sim").is_dir() else None


def cache_dir() -> Path:
    """Return the folder of fetched tools: $ALINK_CACHE, else the checkout's, else the user's."""
    if named := os.environ.get("ALINK_CACHE"):
        return Path(named).expanduser().resolve()
    root = checkout()
    return root / ".cache" / "alink" if root else Path.home() / ".cache" / "alink"


def firmware_dir() -> Path:
    """Return the folder that holds the device package `alink`; ToolchainError if there is none."""
    return _source("firmware")


def boards_dir() -> Path:
    """Return the folder of board definitions; ToolchainError if there is none."""
    return _source("boards")


def _source(name: str) -> Path:
    root = checkout()
    folder = root / name if root else Path(__file__).resolve().parents[1] / "_data" / name
    if not folder.is_dir():
        raise ToolchainError(f"{folder} is missing: reinstall alink-sdk or restore the checkout.")
    return folder
