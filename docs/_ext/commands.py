"""Write the reference of a Typer command line as MyST Markdown: each command, argument, option."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from typer.main import get_command

_PAGE = re.compile(r"docs/([\w/-]+)\.md")


def describe(module: str, program: str) -> str:
    """Return the reference of the Typer `app` of a module; `program` is what a user types."""
    return "\n".join(_command(get_command(import_module(module).app), program)) + "\n"


def names(module: str, program: str) -> list[str]:
    """Return every command of a program, spelled in full, such as "alink-sim admin events"."""
    return [path for path, _ in _walk(get_command(import_module(module).app), program)]


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, one in getattr(command, "commands", {}).items():
        if not one.hidden:
            yield from _walk(one, f"{path} {name}")


def _command(command: Any, program: str) -> Iterator[str]:
    for path, one in _walk(command, program):
        depth = len(path.split()) - len(program.split())
        yield f"{'#' * (2 + min(depth, 2))} `{path}`\n"
        yield inspect.cleandoc(one.help or "") + "\n"
        context = one.context_class(one, info_name=path)
        if not hasattr(one, "commands"):
            usage = one.get_usage(context).removeprefix("Usage: ")
            yield f"```text\n{' '.join(usage.split()).replace('{', '').replace('}', '')}\n```\n"
        records = [param.get_help_record(context) for param in one.params]
        rows = [record for record in records if record and not record[0].startswith("--help")]
        if rows:
            yield "| | |\n|---|---|"
            yield from (f"| `{_bar(spelled)}` | {_cell(meaning)} |" for spelled, meaning in rows)
            yield ""


def _cell(meaning: str) -> str:
    text = _PAGE.sub(r"[](/\1.md)", " ".join(meaning.split()))
    return _bar(text).replace("<", "\\<").replace("*", "\\*")


def _bar(text: str) -> str:
    return text.replace("|", "\\|")
