"""JSON from outside: a text in, plain values out, or one sentence on why it is refused.

Every door reads JSON through `loads`, so that what comes in can be copied, compared, stored and
sent again without a failure: nesting, numbers and characters are bounded here and nowhere else.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

MAX_DEPTH = 64

_MAX_DIGITS = 308  # A longer whole number has no float, and code that divides it fails.
_SHOWN = 20
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(ValueError):
    """A text is not JSON that this program takes; the message says why."""


def loads(text: str | bytes) -> Any:
    """Return the value of a JSON text; bytes are UTF-8.

    Raises JsonError for a text that is not JSON, for nesting deeper than MAX_DEPTH, for numbers
    without a finite float, for NaN and Infinity, and for half of a surrogate pair.
    """
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            raise JsonError("the text is not UTF-8") from error
    if (found := depth(text)) > MAX_DEPTH:
        raise JsonError(f"the JSON is nested {found} levels deep; the limit is {MAX_DEPTH}")
    try:
        value = json.loads(text, parse_int=_int, parse_float=_float, parse_constant=_no_constant)
    except JsonError:
        raise
    except (ValueError, RecursionError) as error:
        raise JsonError(str(error)) from error
    if _SURROGATE.search(text):
        _check_characters(value)
    return value


def depth(text: str) -> int:
    """Return how many arrays and objects of a JSON text lie inside each other at most."""
    most = text.count("[") + text.count("{")
    if most <= MAX_DEPTH:
        return most  # Cannot be deeper; most messages end here.
    level = deepest = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def pruned(text: str, most: int) -> str:
    """Return a JSON text with `null` in place of every value nested deeper than `most`."""
    kept: list[str] = []
    level = start = 0
    for token in re.finditer(rf"{_STRING.pattern}|{_BRACKET.pattern}", text, re.DOTALL):
        if token[0] in ("[", "{"):
            level += 1
            if level == most + 1:
                kept += text[start : token.start()], "null"
        elif token[0] in ("]", "}"):
            level -= 1
            if level == most:
                start = token.end()
    kept.append(text[start:])
    return "".join(kept)


def _int(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise JsonError(f"a number has {len(text)} digits; the limit is {_MAX_DIGITS}")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonError(f"{text[:_SHOWN]} is too large for a number")
    return number


def _no_constant(text: str) -> None:
    raise JsonError(f"{text} is not JSON")


def _check_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise JsonError("a string has half of a surrogate pair") from error
