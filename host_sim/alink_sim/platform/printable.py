"""Text from outside for a terminal: one line, and nothing that moves a cursor."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """Return a text with each character that does not print as its escape."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def printable_json(text: str) -> str:
    """Return a JSON text, of one line, with each such character as JSON's escape of it."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)
