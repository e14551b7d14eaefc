"""`alink-burn`: the production line from a terminal; verbs over functions.

Exit code 0: all good; 1: some rows, boards or checks failed; 2: usage or environment.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from alink_factory.verbs import bench, line

_MOST = 20  # Sentences that anybody reads.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
line.add_to(app)
bench.add_to(app)


@app.callback(invoke_without_command=True)
def about(
    *, show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """From a batch of rows to a box of verified boards."""
    if show_version:
        from importlib.metadata import version

        typer.echo(f"alink-burn {version('alink-sdk')}")
        raise typer.Exit


def main() -> None:
    """Run the program; what stops the whole line is one sentence and exit code 2."""
    from alink_factory.errors import BoardError, FactoryError
    from alink_formats.errors import ToolchainError

    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except (FactoryError, ToolchainError) as error:
        sentences = str(error).splitlines()
        if len(sentences) > _MOST:
            sentences[_MOST:] = [f"and {len(sentences) - _MOST} more of this kind"]
        for sentence in sentences:
            sys.stderr.write(f"alink-burn: {sentence}\n")
        sys.exit(2)
    except BoardError as error:
        sys.stderr.write(f"alink-burn: {error}. {error.advice}\n")
        sys.exit(1)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes what is left when it ends.
        is_output = error.errno == errno.ENOSPC
        what = error.filename or ("standard output" if is_output else "this computer")
        sys.stderr.write(f"alink-burn: {what}: {error.strerror}\n")
        sys.exit(2)
