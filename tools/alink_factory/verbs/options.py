"""Options that several verbs have."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import Annotated

import typer

from alink_factory.ledger.claims import Station

BatchFile = Annotated[Path, typer.Argument(metavar="BATCH", help="The batch file (TOML).")]
LedgerUrl = Annotated[
    str,
    typer.Option(
        "--ledger",
        envvar="ALINK_LEDGER",
        help="The ledger: a file, or a postgresql:// URL.  [default: ledger.db beside BATCH]",
    ),
]
StationName = Annotated[
    str, typer.Option("--station", envvar="ALINK_STATION", help="Name of this place.")
]
OperatorName = Annotated[
    str, typer.Option("--operator", envvar="ALINK_OPERATOR", help="Who stands here.")
]
Ports = Annotated[
    list[str] | None,
    typer.Option("--port", help="A port: a device, socket:// or rfc2217://. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, one document a line.")]


def ledger_of(batch: Path, given: str) -> str:
    """Return where the ledger is."""
    return given or str(batch.parent / "ledger.db")


def station(name: str, operator: str) -> Station:
    """Return who burns; what is not given is this computer and this user."""
    if not operator:
        try:
            operator = getpass.getuser()
        except (KeyError, OSError):  # A user without a name.
            operator = str(os.getuid())
    return Station(name=name or socket.gethostname(), operator=operator)
