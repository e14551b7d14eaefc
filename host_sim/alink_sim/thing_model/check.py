"""Check values against a thing model, with the error codes of the platform.

docs/reference/protocol.md, "TSL", has the table of codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alink_sim.thing_model.model import CHOICES, NUMBERS, TEXTS, Kind, ThingModel

_MALFORMED = 460
_MISSING_INPUT = 6302
_UNKNOWN = 6320
_TIME = 6326
_BY_TYPE = {
    "int": 6306,
    "float": 6307,
    "bool": 6308,
    "enum": 6309,
    "text": 6310,
    "date": 6311,
    "struct": 6312,
    "double": 6322,
    "array": 6324,
}


@dataclass(frozen=True)
class Violation:
    """A value of `name` that the thing model does not allow: the vendor's code and the reason."""

    code: int
    name: str
    text: str

    def __str__(self) -> str:
        """Return code, name and reason."""
        return f"{self.code} {self.name} {self.text}"


def check_properties(model: ThingModel, values: Any) -> list[Violation]:
    """Return the violations in {identifier: value, or {"value": value, "time": ms}}."""
    if not isinstance(values, dict):
        return [Violation(_MALFORMED, "params", "is not an object")]
    found = []
    for name, value in values.items():
        timed = isinstance(value, dict) and "value" in value and set(value) <= {"value", "time"}
        found += _named(model.properties, name, value["value"] if timed else value)
        if timed and not _is_time(value.get("time", 0)):
            found.append(
                Violation(
                    _TIME, name, f"has the time {value['time']!r}: use milliseconds since 1970"
                )
            )
    return found


def check_event(model: ThingModel, name: str, values: Any) -> list[Violation]:
    """Return the violations in the values of an event."""
    if name not in model.events:
        return [Violation(_UNKNOWN, name, "is not an event of the thing model")]
    return _members(model.events[name], values, name)


def check_service(model: ThingModel, name: str, inputs: Any) -> list[Violation]:
    """Return the violations in the inputs of a service; all inputs are required."""
    if name not in model.services:
        return [Violation(_UNKNOWN, name, "is not a service of the thing model")]
    wanted = model.services[name].inputs
    found = _members(wanted, inputs, name)
    given = inputs if isinstance(inputs, dict) else {}
    missing = [one for one in wanted if one not in given]
    return found + [Violation(_MISSING_INPUT, one, "is missing") for one in missing]


def _members(kinds: Mapping[str, Kind], values: Any, name: str) -> list[Violation]:
    if not isinstance(values, dict):
        return [Violation(_MALFORMED, name, "is not an object of values")]
    return [one for key, value in values.items() for one in _named(kinds, key, value)]


def _named(kinds: Mapping[str, Kind], name: str, value: Any) -> list[Violation]:
    if name not in kinds:
        return [Violation(_UNKNOWN, name, "is not in the thing model")]
    return _value(kinds[name], name, value)


def _value(kind: Kind, name: str, value: Any) -> list[Violation]:
    if kind.name == "struct" and isinstance(value, dict):
        return [
            one for key, part in value.items() for one in _named_in(kind, f"{name}.{key}", part)
        ]
    if kind.name == "array" and isinstance(value, list) and len(value) <= kind.most:
        item = kind.item or Kind("text")
        return [
            one for at, part in enumerate(value) for one in _value(item, f"{name}[{at}]", part)
        ]
    if _fits(kind, value):
        return []
    return [Violation(_BY_TYPE[kind.name], name, f"is {value!r}: use {described(kind)}")]


def _named_in(kind: Kind, path: str, value: Any) -> list[Violation]:
    key = path.rpartition(".")[2]
    if key not in kind.fields:
        return [Violation(_UNKNOWN, path, "is not in the thing model")]
    return _value(kind.fields[key], path, value)


def _fits(kind: Kind, value: Any) -> bool:
    if kind.name in NUMBERS:
        types = (int,) if kind.name == "int" else (int, float)
        if not isinstance(value, types) or isinstance(value, bool):
            return False
        low_enough = kind.high is None or value <= kind.high
        return low_enough and (kind.low is None or value >= kind.low)
    if kind.name in CHOICES:
        return isinstance(value, int) and int(value) in kind.choices
    if kind.name in TEXTS:
        is_text = isinstance(value, str) and len(value.encode()) <= kind.longest
        return is_text and (kind.name == "text" or value.encode().isdigit())
    return False


def described(kind: Kind) -> str:
    """Return the allowed values of a kind, in a few words."""
    if kind.name in NUMBERS:
        low, high = ("" if bound is None else f"{bound:g}" for bound in (kind.low, kind.high))
        return f"{kind.name} {low}..{high}" if low or high else kind.name
    if kind.name in CHOICES:
        return " or ".join(f"{key} ({word})" for key, word in sorted(kind.choices.items()))
    if kind.name == "array":
        return f"a list of up to {kind.most} of {described(kind.item or Kind('text'))}"
    if kind.name == "struct":
        return f"an object of {', '.join(kind.fields)}"
    if kind.name == "date":
        return "milliseconds since 1970, as text"
    return f"text of up to {kind.longest} bytes"


def _is_time(given: Any) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 0
