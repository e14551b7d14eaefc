"""`alink-burn`: the production line as a command; its verbs call functions.

Exit code 0: all good; 1: some rows, boards or checks failed; 2: usage or environment.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from alink_factory import language
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
    *,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    _lang: Annotated[
        str, typer.Option("--lang", metavar="en|zh", help="The language.  [default: that of LANG]")
    ] = "",
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
                _start()
        finally:
            sys.stdout.flush()
    except (FactoryError, ToolchainError) as error:
        sentences = str(error).splitlines()
        if len(sentences) > _MOST:
            sentences[_MOST:] = [f"and {len(sentences) - _MOST} more errors"]
        for sentence in sentences:
            sys.stderr.write(f"alink-burn: {language.text(sentence)}\n")
        sys.exit(2)
    except BoardError as error:
        said = language.joined([f"{error}.", error.advice])
        sys.stderr.write(f"alink-burn: {said}\n")
        sys.exit(1)
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes its buffer when it ends.
        is_output = error.errno == errno.ENOSPC
        what = error.filename or ("standard output" if is_output else "this computer")
        sys.stderr.write(f"alink-burn: {language.text(what)}: {error.strerror}\n")
        sys.exit(2)


def _start() -> None:
    # `--lang` counts before the help texts are made, and may stand behind the verb.
    language.use(language.of_arguments(sys.argv[1:], os.environ))
    sys.argv[1:] = language.without_option(sys.argv[1:])
    if language.chosen() == language.ENGLISH:
        app()
        return
    from alink_factory.verbs import help_texts

    help_texts.translated(app)()
