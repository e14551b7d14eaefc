"""`alink-sim thing`: look at a thing model, try values on it, type it for the editor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from alink_sim import thing_model
from alink_sim.thing_model import Complaint, ThingModel, ThingModelError

app = typer.Typer(no_args_is_help=True, help="A product's thing model (TSL).")

File = Annotated[Path, typer.Argument(help="The JSON that the vendor's console exports.")]


@app.command()
def check(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=JSON", help='A property, event or service: target=21 alarm={"level":2}'
        ),
    ] = None,
) -> None:
    """Check a thing model, and values as the platform does."""
    model = _read(file)
    complaints = [one for value in values or () for one in _tried(model, value)]
    for complaint in complaints:
        typer.echo(str(complaint))
    if complaints:
        raise typer.Exit(1)
    typer.echo(
        f"good: {len(model.properties)} properties, {len(model.events)} events, "
        f"{len(model.services)} services, {len(values or ())} values"
    )


@app.command()
def stub(
    file: File,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Where editors look for stubs.")
    ] = Path("typings/alink/thing.pyi"),
) -> None:
    """Write a typed stub of alink.thing. The editor then knows names, types and ranges."""
    text = thing_model.stub(_read(file))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
    typer.echo(f"{output}: point your editor's stub path at {output.parent.parent}")


def _read(file: Path) -> ThingModel:
    try:
        return thing_model.read(file)
    except OSError as error:
        typer.echo(f"alink-sim: {file} cannot be read: {error.strerror}", err=True)
        raise typer.Exit(2) from error
    except ThingModelError as error:
        for problem in error.problems:
            typer.echo(f"{file}: {problem}", err=True)
        raise typer.Exit(1) from error


def _tried(model: ThingModel, assignment: str) -> list[Complaint]:
    name, _, text = assignment.partition("=")
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        typer.echo(f"alink-sim: {assignment!r} is not NAME=JSON: {error}", err=True)
        raise typer.Exit(2) from error
    if name in model.events:
        return thing_model.check_event(model, name, value)
    if name in model.services:
        return thing_model.check_service(model, name, value)
    return thing_model.check_properties(model, {name: value})
