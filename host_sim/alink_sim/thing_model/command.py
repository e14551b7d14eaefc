"""The command `alink-sim thing`: check a thing model and values; write it for editor and board."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from alink_sim import bounded_json, thing_model
from alink_sim.bounded_json import JsonError
from alink_sim.nearby import reason
from alink_sim.thing_model import ThingModel, ThingModelError, Violation

app = typer.Typer(
    no_args_is_help=True,
    help="Check a thing model (TSL), or write it for editor or board.",
)

File = Annotated[
    Path, typer.Argument(help="File that the vendor's console exports: JSON, or a ZIP of modules.")
]


@app.command()
def check(
    file: File,
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME=JSON",
            help='Values of a property, event or service, such as target=21 or alarm={"level":2}.',
        ),
    ] = None,
) -> None:
    """Check a thing model, and check values as the platform does."""
    model = _read(file)
    violations = [one for value in values or () for one in _check_assignment(model, value)]
    for violation in violations:
        typer.echo(str(violation))
    if violations:
        raise typer.Exit(1)
    counted = f"{len(model.services)} services, {len(values or ())} values"
    if model.modules:
        counted += f", modules {', '.join(model.modules)}"
    typer.echo(f"valid: {len(model.properties)} properties, {len(model.events)} events, {counted}")


@app.command()
def stub(
    file: File,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write; editors look for stubs in typings/."),
    ] = Path("typings/alink/thing.pyi"),
) -> None:
    """Write a typed stub of alink.thing for editors."""
    text = thing_model.stub(_read(file))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, "utf-8")
    typer.echo(f"wrote {output}: set the stub path of your editor to {output.parent.parent}")


@app.command(name="compile")
def compile_(
    file: File,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write, for the board's thing=PATH.")
    ] = Path("thing.txt"),
) -> None:
    """Write a thing model as a board keeps it, without JSON to parse."""
    data = thing_model.compiled(_read(file))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(data)
    typer.echo(f"wrote {output}, {len(data)} bytes: give the board thing={output.name!r}")


def _read(file: Path) -> ThingModel:
    try:
        return thing_model.read(file)
    except OSError as error:
        typer.echo(f"alink-sim: cannot read {file}: {reason(error, file)}", err=True)
        raise typer.Exit(2) from error
    except ThingModelError as error:
        for problem in error.problems:
            typer.echo(f"{file}: {problem}", err=True)
        raise typer.Exit(1) from error


def _check_assignment(model: ThingModel, assignment: str) -> list[Violation]:
    name, _, text = assignment.partition("=")
    try:
        value: Any = bounded_json.loads(text)
    except JsonError as error:
        typer.echo(f"alink-sim: {assignment!r} is not NAME=JSON: {error}", err=True)
        raise typer.Exit(2) from error
    if name in model.events:
        return thing_model.check_event(model, name, value)
    if name in model.services:
        return thing_model.check_service(model, name, value)
    return thing_model.check_properties(model, {name: value})
