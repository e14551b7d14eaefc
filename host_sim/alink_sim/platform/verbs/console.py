"""`alink-sim console`: open the web console of a running platform in a browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from alink_sim.platform.control.state_directory import StateDir, StateError
from alink_sim.platform.verbs.output import reported


def console(
    *,
    state: Annotated[
        Path, typer.Option(envvar="ALINK_STATE", help="State directory of the running platform.")
    ],
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the address, open no browser.")
    ] = False,
) -> None:
    """Open the web console of a running platform."""
    with reported():
        address = _address(StateDir(state))
    typer.echo(address)
    if not only_print:
        webbrowser.open(address)


def _address(state: StateDir) -> str:
    port = state.read_announcement().get("console_port")
    if port is None:
        raise StateError(
            f"the platform of {state.path} serves no web console: start it without --no-console"
        )
    return f"http://127.0.0.1:{port}/?token={state.console_token()}"
