"""`alink-sim admin faults`: scripted faults of a running platform."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alink_sim.platform.faults import FaultError, file
from alink_sim.platform.toml_or_json import load
from alink_sim.platform.verbs.arguments import AsJson
from alink_sim.platform.verbs.output import reported
from alink_sim.platform.verbs.request import run

app = typer.Typer(no_args_is_help=True, help="Scripted faults, see docs/reference/faults.md.")


@app.command("add")
def add(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", show_default=False)],
    words: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Add a fault. Write: refuse code=3 device=dev-1 times=1."""
    with reported():
        table = {"kind": kind, **file.table(words or ())}
    run(
        context,
        "faults.add_tables",
        as_json=as_json,
        tables=[table],
        where="the command line",
    )


@app.command("load")
def load_(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """Add all faults of a scenario file."""
    with reported():
        document = load(path, FaultError)
        file.parse(document, where=str(path))
    run(
        context,
        "faults.add_tables",
        as_json=as_json,
        tables=document.get("fault", []),
        where=str(path),
    )


@app.command("list")
def list_(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Print the faults that may still strike."""
    run(context, "faults.listed", as_json=as_json)


@app.command("clear")
def clear(context: typer.Context, *, as_json: AsJson = False) -> None:
    """End all faults, on open connections too."""
    run(context, "faults.clear", as_json=as_json)
