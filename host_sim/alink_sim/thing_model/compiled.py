"""Write a thing model as the text lines that a board keeps (firmware/alink/tsl_reader.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from alink_sim.thing_model.model import CHOICES, NUMBERS, Kind, ThingModel

_FIRST = "#alink-thing 1"


def compiled(model: ThingModel) -> bytes:
    """Return the file that a board reads in place of the console's export."""
    return "\n".join([_FIRST, *_lines(model)]).encode()


def _lines(model: ThingModel) -> Iterator[str]:
    for name, kind in model.properties.items():
        yield f"/{name} {_json(kind)}"
        if name not in model.writable:
            yield f"-{name}"
    for name, outputs in model.events.items():
        yield from _group(f"!{name}", outputs)
    for name, service in model.services.items():
        yield from _group(f"?{name}", service.inputs)
        yield from _group(f">{name}", service.outputs)


def _group(key: str, members: Mapping[str, Kind]) -> Iterator[str]:
    yield key
    for name, kind in members.items():
        yield f"{key}/{name} {_json(kind)}"


def _json(kind: Kind) -> str:
    return json.dumps(_short(kind), separators=(",", ":"))


def _short(kind: Kind) -> list[Any]:
    if kind.name in NUMBERS:
        return [kind.name, _limit(kind.low), _limit(kind.high)]
    if kind.name in CHOICES:
        return [kind.name, *sorted(kind.choices)]
    if kind.name == "text":
        return [kind.name, kind.longest]
    if kind.name == "array":
        return [kind.name, kind.most, _short(kind.item) if kind.item else None]
    if kind.name == "struct":
        return [kind.name, {name: _short(one) for name, one in kind.fields.items()}]
    return [kind.name]


def _limit(limit: float | None) -> str:
    if limit is None:
        return ""
    return str(int(limit)) if limit == int(limit) else str(limit)
