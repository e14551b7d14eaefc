"""Tables of TOML or JSON checked against a model: content in, a typed table or sentences out.

A model is a subclass of `Table`. Each sentence names the key with its tables, the value, the
allowed values, and the nearest known name: `line.attempts is 0; allowed range is 1 to 99`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

_HIDDEN = ("secret", "password")  # A key with one of these words in it: its value is not shown.
_KINDS = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}

_TableType = TypeVar("_TableType", bound="Table")


class TableError(ValueError):
    """A table that does not fit its model; `messages` has a sentence for each mistake."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


class Table(BaseModel):
    """One table: unknown keys are refused, and no value is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def check(model: type[_TableType], content: object) -> _TableType:
    """Return `content` as `model`. Raises TableError with every mistake that was found."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise TableError(*(_sentence(model, one) for one in error.errors())) from None


def within(low: int, high: int) -> AfterValidator:
    """Return the validator of a number from `low` to `high`, both allowed."""

    def validate(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"is {value}; allowed range is {low} to {high}")
        return value

    return AfterValidator(validate)


def matching(pattern: str, allowed: str) -> AfterValidator:
    """Return the validator of a text that matches `pattern`; `allowed` says so in words."""

    def validate(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"is {value!r}; write {allowed}")
        return value

    return AfterValidator(validate)


def nearest(name: str, known: Sequence[str]) -> str:
    """Return what to write in place of an unknown name: the nearest one, else all of them."""
    near = (
        difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        or [one for one in known if one and name.startswith(one)]  # qrcode: qr, not code128.
        or difflib.get_close_matches(name, known, n=1)
    )
    return f"did you mean {near[0]}?" if near else f"use {_or(known)}"


def _sentence(model: type[Table], error: Any) -> str:
    path = [str(part) for part in error["loc"]]
    name = ".".join(path) or "the content"
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind == "missing":
        return f"{name} is missing"
    if kind == "extra_forbidden":
        return f"{name} is not a known key: {nearest(path[-1], _fields(model, path[:-1]))}"
    if kind == "value_error":
        return f"{name} {context['error']}"
    shown = "" if _is_hidden(path) else f" {error['input']!r}"
    is_shown = f"{name} is{shown}" if shown else name
    if allowed := _KINDS.get(kind):
        return f"{is_shown}; write {allowed}" if shown else f"{name}: write {allowed}"
    if text := _WORDS.get(kind):
        return f"{is_shown}; {text(context)}"
    return f"{is_shown}: {error['msg']}"


def _or(names: Sequence[str]) -> str:
    *first, last = [str(name) for name in names]
    return f"{', '.join(first)} or {last}" if first else last


# The allowed values, by the kind of the mistake.
_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda context: f"the minimum is {context['ge']}",
    "too_short": lambda context: f"write at least {context['min_length']}",
    "literal_error": lambda context: f"use {context['expected']}".replace("'", ""),
}


def _fields(model: type[Table], tables: Sequence[str]) -> list[str]:
    # The keys of the table at that path.
    for table in tables:
        if table.isdigit():  # The number of a table in a list.
            continue
        field = model.model_fields[table].annotation
        field = next(iter(get_args(field)), field)
        if not (isinstance(field, type) and issubclass(field, Table)):
            return []
        model = field
    return list(model.model_fields)


def _is_hidden(path: Sequence[str]) -> bool:
    return any(word in part for part in path for word in _HIDDEN)
