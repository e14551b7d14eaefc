"""The error of the toolchain: its text says what to do."""

from __future__ import annotations


class ToolchainError(Exception):
    """A tool is missing or failed; the message says why and what to do next."""
