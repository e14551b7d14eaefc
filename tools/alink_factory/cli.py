"""`alink-burn`: the production line as a command; its verbs call functions.

Exit code 0: all good; 1: some rows, boards or checks failed; 2: usage or environment.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from alink_factory.verbs import line, maintenance, new

_MOST = 20  # Sentences; more of them are only counted.

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
new.add_to(app)
line.add_to(app)
maintenance.add_to(app)


@app.callback(invoke_without_command=True)
def about(
    *, show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """Burn a batch of rows onto boards and verify each board."""
    if show_version:
        from importlib.metadata import version

        typer.echo(f"alink-burn {version('alink-sdk')}")
        raise typer.Exit


def main() -> None:
    """Run the program; an error that stops the line is one sentence and exit code 2."""
    from alink_factory.errors import BoardError, FactoryError
    from alink_formats import extras
    from alink_formats.errors import ToolchainError
    from alink_formats.terminal import escape_unencodable

    escape_unencodable()
    try:
        try:
            with extras.required("burn"):
                app()
        finally:
            sys.stdout.flush()
    except (FactoryError, ToolchainError) as error:
        sentences = str(error).splitlines()
        if len(sentences) > _MOST:
            sentences[_MOST:] = [f"and {len(sentences) - _MOST} more errors"]
        for sentence in sentences:
            sys.stderr.write(f"alink-burn: {sentence}\n")
        sys.exit(2)
    except BoardError as error:
        sys.stderr.write(f"alink-burn: {error}. {error.advice}\n")
        sys.exit(1)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes its buffer when it ends.
        is_output = error.errno == errno.ENOSPC
        what = error.filename or ("standard output" if is_output else "this computer")
        sys.stderr.write(f"alink-burn: {what}: {error.strerror}\n")
        sys.exit(2)
