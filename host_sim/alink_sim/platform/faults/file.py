"""A scenario file of faults: what `Faults.add` takes, as TOML or JSON of the same shape.

`[[fault]]` with `kind`, what the function of that name takes, and the selectors of `Faults.add`:

    [[fault]]
    kind = "refuse"
    code = 3
    device = "dev-1"
    connection = 1
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from alink_sim.platform.documents import load
from alink_sim.platform.faults.fault import KINDS, FaultError
from alink_sim.platform.faults.scripted import Scripted

SELECTORS: Mapping[str, type] = {"product": str, "device": str, "connection": int, "times": int}

_TYPES: Mapping[str, tuple[type, ...]] = {
    "packet": (str,),
    "code": (int,),
    "seconds": (int, float),
    "at": (int,),
    "topic": (str,),
    "size": (int,),
    "data": (str,),
    "flaw": (str,),
    **{name: (one,) for name, one in SELECTORS.items()},
}
_WORDS = {str: "a text", int: "a whole number", float: "a number"}


def read(path: Path) -> list[Scripted]:
    """Return what a file declares. Raises FaultError naming file, table and what it takes."""
    return parse(load(path, FaultError), where=str(path))


def parse(document: Any, *, where: str) -> list[Scripted]:
    """Return what a parsed document declares; `where` names it in errors. Raises FaultError."""
    if not isinstance(document, dict) or set(document) - {"fault"}:
        raise FaultError(f"{where} takes [[fault]] and nothing else")
    tables = document.get("fault", [])
    if not isinstance(tables, list):
        raise FaultError(f"{where}: fault is not a list: write [[fault]]")
    return [
        entry(table, where=f"{where}, fault {number}")
        for number, table in enumerate(tables, start=1)
    ]


def table(words: Iterable[str]) -> dict[str, Any]:
    """Return the members that words NAME=VALUE stand for, a VALUE as in TOML or a bare text.

    Raises FaultError.
    """
    made: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise FaultError(f"{word!r} is not NAME=VALUE")
        try:
            made[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            made[name] = value
    return made


def entry(table: Any, *, where: str) -> Scripted:
    """Return the fault of one table, with whom it strikes. Raises FaultError."""
    if not isinstance(table, dict):
        raise FaultError(f"{where} is not a table")
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        what = "no kind" if kind is None else f"kind {kind!r}"
        raise FaultError(f"{where} has {what}; it takes one of: {', '.join(KINDS)}")
    arguments = tuple(inspect.signature(KINDS[kind]).parameters)
    given = {name: value for name, value in table.items() if name != "kind"}
    if unknown := sorted(set(given) - {*arguments, *SELECTORS}):
        known = ", ".join((*arguments, *SELECTORS))
        raise FaultError(f"{where}: {kind} has unknown {', '.join(unknown)}; it takes {known}")
    for name, value in given.items():
        if type(value) not in _TYPES[name]:
            raise FaultError(f"{where}: {name} takes {_WORDS[_TYPES[name][-1]]}")
    try:
        if "data" in given:
            given["data"] = bytes.fromhex(given["data"])
    except ValueError:
        raise FaultError(f"{where}: data takes bytes in hex, such as 'd0 01 00'") from None
    selectors = {name: given.pop(name) for name in SELECTORS if name in given}
    try:
        return Scripted(KINDS[kind](**given), **selectors)
    except FaultError as error:
        raise FaultError(f"{where}: {error}") from None
