"""The code blocks of a page, each with the mark that says how it is run.

A mark is an HTML comment on the line above a block:

    <!-- not-run: REASON -->         needs what a test does not have; counted
    <!-- background: TEXT -->        a command that serves; ready when it has printed TEXT
    <!-- board: EVENT -->            a program for a board; the platform must note this event
    <!-- checkout -->                a command in the root of the repository

Without a mark, a block with a `:caption:` is saved as that file, `sh` is run in the folder of the
page, and `text` after it must be in its output; `...` stands for any text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sybil import Document
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, FencedCodeBlockLexer
from sybil.parsers.myst.lexers import DirectiveLexer

MARKS = ("not-run", "background", "board", "checkout")
_LANGUAGE = r"[\w-]+"


@dataclass(frozen=True)
class Block:
    """One code block: `file` is its caption, `mark` and `argument` are those of the comment."""

    line: int
    language: str
    text: str
    file: str = ""
    mark: str = ""
    argument: str = ""

    @property
    def way(self) -> str:
        """The way to run it: a mark, "file", "sh" or "text"; "" if the page does not say."""
        if self.mark:
            return self.mark
        if self.file:
            return "file"
        return self.language if self.language in ("sh", "text") else ""


def blocks_of(page: Path) -> list[Block]:
    """Return the code blocks of a page in their order. Raises ValueError for a stray mark."""
    text = page.read_text("utf-8")
    document = Document(text, str(page))
    marks = {
        _line(text, found.start): (
            found.lexemes["directive"],
            str(found.lexemes["arguments"] or "").strip(),
        )
        for found in DirectiveInHTMLCommentLexer("|".join(MARKS))(document)
    }
    plain = FencedCodeBlockLexer(_LANGUAGE)(document)
    captioned = DirectiveLexer("code-block")(document)
    blocks = []
    for found in sorted([*plain, *captioned], key=lambda one: one.start):
        line = _line(text, found.start)
        lexemes = found.lexemes
        mark, argument = marks.pop(line - 1, ("", ""))
        blocks.append(
            Block(
                line=line,
                language=lexemes.get("language") or lexemes["arguments"],
                text=str(lexemes["source"]),
                file=lexemes.get("options", {}).get("caption", ""),
                mark=mark,
                argument=argument,
            )
        )
    if marks:
        raise ValueError(f"{page.name}:{min(marks)}: no code block on the next line")
    return blocks


def matches(expected: str, output: str) -> bool:
    """Tell whether the lines of a `text` block follow each other in an output.

    "..." stands for any text; a line that is only "..." may stand for no line.
    """
    pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*?")
    pattern = re.sub(r"\\?\s+", r"\\s+", pattern).replace(r"\s+.*?\s+", r"\s+(?:.*?\s+)?")
    return re.search(pattern, output, re.DOTALL) is not None


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
