"""The help texts of the program in the language of the operator, wrapped by their width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from rich.cells import cell_len

from alink_factory import language

_MARKS = "\uff0c\u3002\uff1b\uff1a\u3001\uff09\uff1f\uff01\u201d"  # They stay on the line.


def translated(app: typer.Typer) -> Any:
    """Return the program as a command with translated help texts."""
    made: Any = typer.main.get_command(app)
    context = _context(made.context_class)
    for command in (made, *made.commands.values()):
        command.context_class = context
        command.help = _paragraphs(command.help or "")
        command.short_help = None
        for one in command.params:
            if getattr(one, "help", None):
                one.help = language.text(one.help)
    return made


def wrap(text: str, width: int, indent: str = "") -> str:
    """Return text in lines of up to `width` columns; a wide character has two."""
    lines, line = [], indent
    for piece in _pieces(text):
        if cell_len(line + piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += piece.lstrip() if line == indent else piece
    return "\n".join([*lines, line.rstrip()])


def _context(base: Any) -> Any:
    # A context whose formatter translates; Typer has its own copy of Click in some versions.
    return type("Context", (base,), {"formatter_class": _formatter(base.formatter_class)})


def _formatter(base: Any) -> Any:
    class Formatter(base):  # type: ignore[misc]
        # Click breaks lines at blanks and counts characters.
        def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
            super().write_usage(prog, args, prefix or f"{language.text('Usage')}: ")

        def write_heading(self, heading: str) -> None:
            super().write_heading(language.text(heading))

        def write_text(self, text: str) -> None:
            indent = " " * self.current_indent
            for paragraph in text.split("\n\n"):
                self.write(wrap(paragraph, self.width, indent) + "\n")

        def write_dl(
            self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
        ) -> None:
            rows = list(rows)
            indent = " " * self.current_indent
            widest = max((cell_len(name) for name, _ in rows), default=0)
            first = min(col_max, widest) + col_spacing
            beside = " " * (self.current_indent + first)
            for name, text in rows:
                shown = wrap(language.text(text), self.width, beside)
                if cell_len(name) > first - col_spacing:
                    self.write(f"{indent}{name}\n{shown}\n")
                else:
                    gap = " " * (first - cell_len(name))
                    self.write(f"{indent}{name}{gap}{shown.lstrip()}\n")

    return Formatter


def _paragraphs(text: str) -> str:
    parts = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(map(language.text, parts))


def _pieces(text: str) -> list[str]:
    # Words of narrow characters with the blank before them, and single wide characters.
    pieces = [""]
    for one in text:
        if one in _MARKS and pieces[-1]:
            pieces[-1] += one
        elif one == " " or cell_len(one) == 2 or (pieces[-1] and cell_len(pieces[-1][-1]) == 2):
            pieces.append(one)
        else:
            pieces[-1] += one
    return [piece for piece in pieces if piece]
