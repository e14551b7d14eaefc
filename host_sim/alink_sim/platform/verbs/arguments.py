"""Arguments and options that several commands have, as Typer takes them."""

from __future__ import annotations

from typing import Annotated

import typer

ProductKey = Annotated[str, typer.Argument(metavar="PRODUCTKEY", show_default=False)]
DeviceName = Annotated[str, typer.Argument(metavar="DEVICENAME", show_default=False)]
# A file, not a value: every user of the machine sees command lines, and the shell keeps them.
SecretFile = Annotated[
    typer.FileText | None,
    typer.Option(
        encoding="utf-8-sig",
        errors="replace",
        help="File with the secret, - for standard input; without it a new one is made.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def content(file: typer.FileText | None) -> str | None:
    """Return the secret in a file, None without a file."""
    return file.read().strip() if file else None
