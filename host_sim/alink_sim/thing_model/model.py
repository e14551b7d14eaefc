"""Parse the JSON of a thing model (docs/reference/protocol.md, "TSL")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from alink_sim.bounded_json import JsonError
from alink_sim.thing_model import modules

NUMBERS = ("int", "float", "double")
CHOICES = ("bool", "enum")
TEXTS = ("text", "date")
_TYPES = (*NUMBERS, *CHOICES, *TEXTS, "array", "struct")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,50}")
_MAX_LENGTH = 10240
_MAX_SIZE = 512
_CALLS = ("async", "sync")
_ALL = {"properties": (), "events": ("post",), "services": ("set", "get")}


class ThingModelError(ValueError):
    """The JSON is not a valid thing model; `problems` has one sentence for each error."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the problems, one or more."""
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Kind:
    """A data type with its limits.

    `low` and `high` limit numbers, `longest` limits the bytes of a text, `most` the items of an
    array.
    """

    name: str
    low: float | None = None
    high: float | None = None
    longest: int = _MAX_LENGTH
    most: int = _MAX_SIZE
    choices: Mapping[int, str] = field(default_factory=dict)
    item: Kind | None = None
    fields: Mapping[str, Kind] = field(default_factory=dict)
    unit: str = ""


@dataclass(frozen=True)
class Service:
    """A service: inputs, outputs, and whether the call is synchronous."""

    inputs: Mapping[str, Kind]
    outputs: Mapping[str, Kind]
    synchronous: bool


@dataclass(frozen=True)
class ThingModel:
    """The properties, events and services of a product, by identifier.

    Those of a module are under `module:identifier`; `modules` has the name of each module.
    """

    properties: Mapping[str, Kind]
    writable: frozenset[str]
    events: Mapping[str, Mapping[str, Kind]]
    services: Mapping[str, Service]
    modules: Mapping[str, str] = field(default_factory=dict)


def read(path: Path) -> ThingModel:
    """Return the model in a file. Raises ThingModelError with all errors, or OSError."""
    return parse(document(path.read_bytes()))


def document(content: bytes) -> Any:
    """Return the document in an exported file, see `modules.document`. Raises ThingModelError."""
    try:
        return modules.document(content)
    except (JsonError, UnicodeDecodeError) as error:
        raise ThingModelError([f"it is not JSON: {error}"]) from error
    except ValueError as error:
        raise ThingModelError([str(error)]) from error


def parse(document: Any) -> ThingModel:
    """Return the model in a parsed document. Raises ThingModelError with all errors."""
    return _Parser().model(document)


class _Parser:
    """Continue after an error, so that one run reports all of them."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def model(self, document: Any) -> ThingModel:
        if not isinstance(document, dict) or "properties" not in document:
            raise ThingModelError(['it has no "properties": export the whole TSL as JSON'])
        model = self._block(document, "") if modules.BLOCK in document else self._module(document)
        blocks = document.get(modules.BLOCKS, [])
        if not isinstance(blocks, list) or len(blocks) >= modules.MAX_MODULES:
            self.problems.append(
                f"{modules.BLOCKS} is not a list of less than {modules.MAX_MODULES} modules"
            )
            blocks = []
        for number, block in enumerate(blocks):
            where = f"{modules.BLOCKS}[{number}]."
            part = self._block(block if isinstance(block, dict) else {}, where)
            for name in part.modules.keys() & model.modules:
                self._wrong(f"{where}{modules.BLOCK}", name, "a unique identifier")
            model = _joined(model, part)
        if self.problems:
            raise ThingModelError(self.problems)
        return model

    def _block(self, block: dict[str, Any], where: str) -> ThingModel:
        name = block.get(modules.BLOCK)
        if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
            self._wrong(f"{where}{modules.BLOCK}", name, "1 to 50 letters, digits, underscores")
        elif "properties" in block:
            return self._module(block, where)
        else:
            self.problems.append(
                f"{where}properties is missing: use the console's ZIP of all modules"
            )
        return ThingModel({}, frozenset(), {}, {})

    def _module(self, document: dict[str, Any], where: str = "") -> ThingModel:
        name = str(document.get(modules.BLOCK, ""))
        properties, events, services = (
            [
                (modules.qualified(name, identifier), one, place)
                for identifier, one, place in self._things(document, table, where)
                # The console's export lists "post", "set" and "get": all properties at once.
                if identifier not in _ALL[table]
            ]
            for table in modules.FEATURES
        )
        return ThingModel(
            properties={name: self._typed(one, place) for name, one, place in properties},
            writable=frozenset(
                name for name, one, _ in properties if "w" in str(one.get("accessMode", "rw"))
            ),
            events={name: self._named(one, "outputData", place) for name, one, place in events},
            services={name: self._service(one, place) for name, one, place in services},
            modules={name: str(document.get(modules.NAME) or name)} if name else {},
        )

    def _things(
        self, table: Any, key: str, prefix: str = ""
    ) -> Iterator[tuple[str, dict[str, Any], str]]:
        given = table.get(key, [])
        if not isinstance(given, list):
            self.problems.append(f"{prefix}{key} is not a list")
            return
        seen: set[str] = set()
        for number, one in enumerate(given):
            where = f"{prefix}{key}[{number}]"
            name = one.get("identifier") if isinstance(one, dict) else None
            if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
                self._wrong(f"{where}.identifier", name, "1 to 50 letters, digits, underscores")
            elif name in seen:
                self._wrong(f"{where}.identifier", name, "a unique identifier")
            else:
                seen.add(name)
                yield name, one, where

    def _service(self, one: dict[str, Any], where: str) -> Service:
        call = one.get("callType", "async")
        if call not in _CALLS:
            self._wrong(f"{where}.callType", call, " or ".join(_CALLS))
        return Service(
            inputs=self._named(one, "inputData", where),
            outputs=self._named(one, "outputData", where),
            synchronous=call == "sync",
        )

    def _named(self, table: Any, key: str, where: str) -> dict[str, Kind]:
        return {
            name: self._typed(one, f"{where}.{path}")
            for name, one, path in self._things(table, key)
        }

    def _typed(self, one: dict[str, Any], where: str) -> Kind:
        return self._kind(one.get("dataType"), f"{where}.dataType")

    def _kind(self, given: Any, where: str) -> Kind:
        name = given.get("type") if isinstance(given, dict) else None
        if name not in _TYPES:
            self._wrong(f"{where}.type", name, ", ".join(_TYPES))
            return Kind("text")
        specs = given.get("specs") or {}
        if name == "struct":
            members = self._named({"specs": specs}, "specs", where)
            return Kind(name, fields=members)
        if not isinstance(specs, dict):
            self._wrong(f"{where}.specs", specs, "an object")
            return Kind(str(name))
        where = f"{where}.specs"
        if name in NUMBERS:
            return self._number(str(name), specs, where)
        if name in CHOICES:
            return Kind(str(name), choices=self._choices(specs, where))
        if name == "array":
            most = self._whole(specs, "size", _MAX_SIZE, where)
            return Kind("array", most=most, item=self._kind(specs.get("item"), f"{where}.item"))
        return Kind(str(name), longest=self._whole(specs, "length", _MAX_LENGTH, where))

    def _number(self, name: str, specs: dict[str, Any], where: str) -> Kind:
        low, high = (self._bound(specs, key, where) for key in ("min", "max"))
        if low is not None and high is not None and low > high:
            self._wrong(f"{where}.min", specs["min"], f"at most max, which is {specs['max']}")
        return Kind(name, low=low, high=high, unit=str(specs.get("unit", "")))

    def _bound(self, specs: dict[str, Any], key: str, where: str) -> float | None:
        given = specs.get(key)
        if given in (None, ""):
            return None
        try:
            return float(given)
        except (TypeError, ValueError):
            self._wrong(f"{where}.{key}", given, "a number")
            return None

    def _whole(self, specs: dict[str, Any], key: str, most: int, where: str) -> int:
        given = specs.get(key, most)
        if str(given).isdecimal() and 1 <= int(given) <= most:
            return int(given)
        self._wrong(f"{where}.{key}", given, f"1..{most}")
        return most

    def _choices(self, specs: dict[str, Any], where: str) -> dict[int, str]:
        try:
            choices = {int(key): str(word) for key, word in specs.items()}
        except ValueError:
            choices = {}
        if not choices:
            self._wrong(where, specs, 'numbers and their names, such as {"0": "off", "1": "on"}')
        return choices

    def _wrong(self, where: str, given: Any, allowed: str) -> None:
        self.problems.append(f"{where} is {json.dumps(given, ensure_ascii=False)}: use {allowed}")


def _joined(whole: ThingModel, part: ThingModel) -> ThingModel:
    return ThingModel(
        properties={**whole.properties, **part.properties},
        writable=whole.writable | part.writable,
        events={**whole.events, **part.events},
        services={**whole.services, **part.services},
        modules={**whole.modules, **part.modules},
    )
