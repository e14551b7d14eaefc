"""Send an operation to the running platform of the state directory, and print its result."""

from __future__ import annotations

from typing import Any

import typer

from alink_sim.platform.control import client
from alink_sim.platform.control.state_directory import StateDir
from alink_sim.platform.verbs.output import reported, show


def run(context: typer.Context, operation: str, *, as_json: bool, **parameters: Any) -> Any:
    """Carry out an operation, print its result and return it."""
    result = call(context, operation, **parameters)
    show(result, as_json=as_json)
    return result


def call(context: typer.Context, operation: str, **parameters: Any) -> Any:
    """Carry out an operation and return its result; a refusal ends the command."""
    with reported():
        return client.call(state(context), operation, **parameters)


def state(context: typer.Context) -> StateDir:
    """Return the state directory that the command line or ALINK_STATE names."""
    if context.obj is None:
        raise typer.BadParameter(
            "say which platform: `alink-sim admin --state DIR ...`, or set ALINK_STATE"
        )
    return StateDir(context.obj)
