"""The English texts of the production line that an operator may read, from its source.

They are what `platform_sentences` finds in the modules of the line and of the formats that it
uses, and the help texts of `alink-burn`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from alink_factory.cli import app
from tests.setup import platform_sentences

TOOLS = Path(__file__).parents[2] / "tools"
FORMATS = (
    "app_image",
    "board",
    "board_names",
    "bytecode",
    "extras",
    "identity",
    "littlefs",
    "partitions",
    "rules",
    "sources",
    "tables",
)

# Texts that are not for a person: SQL, scripts for a board, patterns, styles, names of programs.
NOT_SHOWN = re.compile(
    r"^bold |^\[bold|PRAGMA|TRIGGER|ALTER TABLE|CREATE |BEGIN IMMEDIATE|REPEATABLE READ|^import "
    r"|^from alink|font-family|append-only|^\{\n|^Plan\(|^scheme = |^\[supervisor\]|^alink-burn: "
    r"|; charset=|\\[Sdw.\[]|\(\?|\*\||\w\|\w|already in flash|python -m |pip install"
)
# Lines of other programs in which the line looks for words.
OF_OTHERS = {
    "No module named",
    "No space left on device",
    "Permission denied",
    "Failed to communicate with the flash chip",
    "Wrong boot mode detected",
    "will not fit in",
    "could not enter raw repl",
    "failed to access",
    "no device",
    "not a database",
    "filesystem appears to be corrupted",
    "nothing is burned on this board",
}
OF_CLICK = {"Arguments", "Commands", "Options", "Show this message and exit."}
_IN_PAGE = re.compile(r't\("([^"]+)"\)')
_FORMATTED = "esptool_failures.py"  # Its texts are filled in with str.format.


@cache
def texts() -> frozenset[str]:
    """Return every text, each line of it apart."""
    found = {line for path in _modules() for text in _of(path) for line in text.split("\n")}
    pages = (page.read_text("utf-8") for page in (TOOLS / "alink_factory").rglob("*.html"))
    in_pages = {text for page in pages for text in _IN_PAGE.findall(page)}
    return frozenset(found | set(helps()) | in_pages | OF_CLICK)


@cache
def sentences() -> frozenset[str]:
    """Return the texts that need a translation: sentences of two words or more, and helps."""
    shown = {
        line
        for path in _modules()
        for text in _of(path)
        if not NOT_SHOWN.search(text)
        for line in text.split("\n")
        if platform_sentences._is_sentence(line) and line not in OF_OTHERS
    }
    return frozenset(shown | set(helps()))


def helps() -> Iterator[str]:
    """Yield the help texts of the program, its verbs and their options, by paragraph."""
    made: Any = typer.main.get_command(app)
    for command in (made, *made.commands.values()):
        for paragraph in (command.help or "").split("\n\n"):
            yield " ".join(paragraph.split())
        yield from (one.help for one in command.params if getattr(one, "help", None))


def _modules() -> Iterator[Path]:
    yield from sorted((TOOLS / "alink_factory").rglob("*.py"))
    yield from (TOOLS / "alink_formats" / f"{name}.py" for name in FORMATS)


def _of(path: Path) -> Iterator[str]:
    for text in platform_sentences._texts(path):
        yield _numbered(text) if path.name == _FORMATTED else text


def _numbered(text: str) -> str:
    numbers = iter(range(10))
    return re.sub(r"\{\w+\}", lambda _: f"{{{next(numbers)}}}", text)
