"""Output of a command, and its exit code: 0 done, 1 refused, 2 usage or environment."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from alink_sim.platform.control.client import RefusedRequestError
from alink_sim.platform.control.setup_file import SetupError
from alink_sim.platform.control.state_directory import StateError
from alink_sim.platform.faults import FaultError
from alink_sim.platform.openapi.keys import AccessKeyError
from alink_sim.platform.printable import printable, printable_json
from alink_sim.platform.state.ca import AuthorityError
from alink_sim.platform.state.settings import SettingsError
from alink_sim.platform.state.store import StoreError

_NOTHING = "-"
_LEFT_TO_SHOW = ("iotId", "clientIds", "properties")  # Too wide for a table of devices.

_ENVIRONMENT = (
    AccessKeyError,
    AuthorityError,
    FaultError,
    SettingsError,
    SetupError,
    StateError,
    StoreError,
)


@contextmanager
def reported() -> Iterator[None]:
    """Turn an error of ours into one sentence on stderr and an exit code."""
    try:
        yield
    except RefusedRequestError as error:
        typer.echo(f"alink-sim: {error}", err=True)
        raise typer.Exit(1) from error
    except _ENVIRONMENT as error:
        typer.echo(f"alink-sim: {error}", err=True)
        raise typer.Exit(2) from error


def show(result: Any, *, as_json: bool) -> None:
    """Print what an operation returned: as JSON, as lines of one thing, as a table of many."""
    if as_json:
        typer.echo(printable_json(json.dumps(result, ensure_ascii=False)))
    elif not result:
        typer.echo("none")
    elif isinstance(result, dict):
        width = max(map(len, result))
        for name, value in result.items():
            typer.echo(f"{name:{width}}  {_text(value)}")
    else:
        _table(result)


def show_events(events: list[dict[str, Any]], *, as_json: bool = False) -> None:
    """Print events: one line each, as JSON or for people."""
    if not events and not as_json:
        typer.echo("no events")
    for event in events:
        if as_json:
            show(event, as_json=True)
            continue
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(event["time"]))
        code = "" if event["code"] is None else str(event["code"])
        who = "/".join(filter(None, (event["product_key"], event["device_name"])))
        details = (f"{name}={_text(value)}" for name, value in event["detail"].items())
        words = (at, event["kind"], code, who, event["reason"], " ".join(details))
        _say("  ".join(printable(word) for word in words if word))


def _table(rows: list[dict[str, Any]]) -> None:
    texts = [{name: _text(value) for name, value in row.items()} for row in rows]
    names = [
        name
        for name in rows[0]
        if name not in _LEFT_TO_SHOW and any(row[name] != _NOTHING for row in texts)
    ]
    lines = [names, *([row[name] for name in names] for row in texts)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        _say("  ".join(cells).rstrip())


def _say(line: str) -> None:
    """Print a line; where it is too wide for the terminal, it goes on indented."""
    if sys.stdout.isatty():
        line = textwrap.fill(
            line,
            shutil.get_terminal_size().columns,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    typer.echo(line)


def _text(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return _NOTHING
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
