"""The one error of the toolchain: its text is a sentence that says what to do."""

from __future__ import annotations


class ToolchainError(Exception):
    """A tool is not here and could not be had; the message says why and what to do next."""
