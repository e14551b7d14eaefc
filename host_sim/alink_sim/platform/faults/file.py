"""A scenario file of faults: the arguments of `Faults.add`, as TOML or JSON of the same shape.

`[[fault]]` with `kind`, the arguments of the function of that name, and the selectors of
`Faults.add`:

    [[fault]]
    kind = "refuse"
    code = 3
    device = "dev-1"
    connection = 1
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from pydantic import BeforeValidator, Field, create_model

from alink_formats import tables
from alink_formats.tables import Table, TableError
from alink_sim.platform.faults.fault import KINDS, Fault, FaultError
from alink_sim.platform.faults.scripted import Scripted
from alink_sim.platform.toml_or_json import load

SELECTORS = ("product", "device", "connection", "times")


class _File(Table):
    fault: list[Any] = Field(default_factory=list)


class _Selectors(Table):
    product: str | None = None
    device: str | None = None
    connection: int | None = None
    times: int | None = None


def read(path: Path) -> list[Scripted]:
    """Return the faults that a file declares. Raises FaultError, with the place and the fix."""
    return parse(load(path, FaultError), where=str(path))


def parse(document: Any, *, where: str) -> list[Scripted]:
    """Return the faults of a parsed document; `where` names it in errors. Raises FaultError."""
    try:
        faults = tables.check(_File, document).fault
    except TableError as error:
        raise FaultError(f"{where}: {'; '.join(error.messages)}") from None
    return [
        entry(table, where=f"{where}, fault {number}")
        for number, table in enumerate(faults, start=1)
    ]


def table(words: Iterable[str]) -> dict[str, Any]:
    """Return the table that words NAME=VALUE make, a VALUE as in TOML or a bare text.

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
    """Return the fault of one table, with its selectors. Raises FaultError."""
    try:
        kind = table.get("kind") if isinstance(table, dict) else ""
        if not isinstance(table, dict):
            raise FaultError(f"is {table!r}; write a table")
        if kind is None:
            raise FaultError(f"kind is missing; use {', '.join(KINDS)}")
        if kind not in KINDS:
            raise FaultError(f"kind is {kind!r}; {tables.nearest(str(kind), tuple(KINDS))}")
        given = {name: value for name, value in table.items() if name != "kind"}
        checked = tables.check(_MODELS[kind], given)
        values = {name: getattr(checked, name) for name in given}
        selectors = {name: values.pop(name) for name in SELECTORS if name in values}
        return Scripted(KINDS[kind](**values), **selectors)
    except TableError as error:
        raise FaultError(f"{where}: {'; '.join(error.messages)}") from None
    except FaultError as error:
        raise FaultError(f"{where}: {error}") from None


def _from_hex(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise ValueError(f"is {text!r}; write bytes in hex, such as 'd0 01 00'") from None


def _model(make: Callable[..., Fault]) -> type[Table]:
    """Return the model of a kind's table: its function's arguments, and the selectors."""
    types = get_type_hints(make) | {"data": Annotated[bytes | None, BeforeValidator(_from_hex)]}
    fields: dict[str, Any] = {
        name: (types[name], parameter.default)
        for name, parameter in signature(make).parameters.items()
    }
    return create_model(make.__name__, __base__=_Selectors, **fields)


_MODELS: Mapping[str, type[Table]] = {kind: _model(make) for kind, make in KINDS.items()}
