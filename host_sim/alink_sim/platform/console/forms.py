"""Forms made from a thing model: kinds in, fields out; a sent form in, values out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from multidict import MultiMapping

from alink_sim import bounded_json
from alink_sim.bounded_json import JsonError
from alink_sim.thing_model import Kind

_PREFIX = "value-"  # Before identifiers: a property may be called "csrf".


class FieldError(ValueError):
    """A field has a value that its kind does not allow; the text names the field."""


@dataclass(frozen=True)
class Field:
    """One field: how a page shows it, and its value as text."""

    label: str
    kind: Kind
    value: str = ""

    @property
    def name(self) -> str:
        """Return the name of the field in its form."""
        return _PREFIX + self.label

    @property
    def control(self) -> str:
        """Return "number", "choice", "json" or "text"."""
        if self.kind.name in ("int", "float", "double"):
            return "number"
        if self.kind.choices:
            return "choice"
        return "json" if self.kind.name in ("array", "struct") else "text"

    @property
    def step(self) -> str:
        """Return the step of a number's field."""
        return "1" if self.kind.name == "int" else "any"


def fields(kinds: Mapping[str, Kind], values: Mapping[str, Any] | None = None) -> list[Field]:
    """Return the fields of a form, filled with values where they fit."""
    given = values or {}
    return [Field(name, kind, _text(given.get(name))) for name, kind in kinds.items()]


def read(form: MultiMapping[Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the values of a form; an empty field is left out. Raises FieldError."""
    values = {}
    for field in fields(kinds):
        text = form.get(field.name, "")
        if isinstance(text, str) and text.strip():
            values[field.label] = _value(field, text.strip())
    return values


def read_json(text: str, what: str) -> dict[str, Any]:
    """Return the JSON object that a text has, {} for an empty text. Raises FieldError."""
    try:
        value = bounded_json.loads(text or "{}")
    except JsonError as error:
        raise FieldError(f"{what} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise FieldError(f"{what} is not a JSON object: write {{}} around it")
    return value


def _value(field: Field, text: str) -> Any:
    try:
        if field.control == "choice" or field.kind.name == "int":
            return int(text)
        if field.control == "number":
            return float(text)
        return bounded_json.loads(text) if field.control == "json" else text
    except ValueError:
        raise FieldError(f"{field.label} is {text[:60]!r}; it takes {field.kind.name}") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
