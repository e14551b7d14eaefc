"""Verbs of the line itself: from a plan to a report."""

from __future__ import annotations

import typer


def add_to(app: typer.Typer) -> None:
    """Give the program its verbs."""
    del app
