"""The command `alink-sim`: run the platform and the boards from a terminal."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from alink_sim.platform.verbs import admin, console, serve
from alink_sim.thing_model import command as thing
from alink_sim.workbench import command as board

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Its boxes leave too little space at 80 columns.
)
app.command("platform")(serve.platform)
app.command("console")(console.console)
app.add_typer(admin.app, name="admin")
app.add_typer(thing.app, name="thing")
app.add_typer(board.app, name="board")


@app.callback(invoke_without_command=True)
def about(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.")
    ] = False,
) -> None:
    """Simulate the Alibaba Cloud IoT Platform and ESP32 boards with product certificates."""
    if show_version:
        typer.echo(f"alink-sim {version('alink-sdk')}")
        raise typer.Exit


@app.command()
def demo(
    *,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Run all scenarios."),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of a table.")
    ] = False,
    interpreter: Annotated[
        str, typer.Option(help="MicroPython of the boards: unix64 or unix32.")
    ] = "unix64",
    jobs: Annotated[
        int, typer.Option(min=1, help="Number of boards that run at the same time.")
    ] = os.cpu_count() or 2,
) -> None:
    """Register simulated boards and bring them online."""
    from alink_sim.demo import command

    raise typer.Exit(
        command.run(everything=everything, as_json=as_json, interpreter=interpreter, jobs=jobs)
    )


def main() -> None:
    """Run the command; report a missing tool in one sentence, with exit code 2."""
    from alink_formats.terminal import escape_unencodable
    from alink_sim.toolchain import ToolchainError

    escape_unencodable()
    try:
        app()
    except ToolchainError as error:
        sys.stderr.write(f"alink-sim: {error}\n")
        sys.exit(2)
