"""Verbs beside the line: cloud, checks of the computer, boards that come back."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Give the program its verbs."""
    del app
