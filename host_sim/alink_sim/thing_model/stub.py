"""A thing model in, a typed stub of `alink.thing` out: the editor then knows names and types."""

from __future__ import annotations

from collections.abc import Mapping

from alink_sim.thing_model.check import described
from alink_sim.thing_model.model import Kind, ThingModel

_HEAD = '''"""Made by `alink-sim thing stub`; make it anew when the thing model changes."""

from collections.abc import Callable, Mapping
from typing import Literal, TypedDict%s

from alink.messages import Messages

_OnReply = Callable[[int, object, str], object] | Literal[False] | None
'''
_BY_TYPE = {"int": "int", "float": "float", "double": "float", "text": "str", "date": "str"}


def stub(model: ThingModel) -> str:
    """Return the text of `typings/alink/thing.pyi` for a model."""
    several = max(len(model.writable), len(model.services), len(model.events)) > 1
    parts = [
        _HEAD % (", overload" if several else ""),
        _typed_dict("Properties", model.properties),
    ]
    for name, values in model.events.items():
        parts.append(_typed_dict(f"{_class(name)}Event", values))
    for name, service in model.services.items():
        parts.append(_typed_dict(f"{_class(name)}Inputs", service.inputs))
    parts.append(_thing(model))
    return "\n\n".join(parts)


def _thing(model: ThingModel) -> str:
    writable = {name: kind for name, kind in model.properties.items() if name in model.writable}
    properties = [
        (f'name: Literal["{name}"]', f"Callable[[{_type(kind)}], {_type(kind)} | None]")
        for name, kind in writable.items()
    ]
    services = [
        (
            f'name: Literal["{name}"]',
            # Not a TypedDict: without annotations a display of outputs is a plain dict.
            f"Callable[[{_class(name)}Inputs], Mapping[str, object] | None]",
        )
        for name in model.services
    ]
    lines = [
        "class Thing:",
        "    def __init__(self, device: Messages, model: str | None = None) -> None: ...",
        "    def post(",
        "        self, values: Properties, qos: int = 0, on_reply: _OnReply = None",
        "    ) -> int: ...",
        *_overloads("property", properties),
        *_overloads("service", services),
        *_events(model),
    ]
    return "\n".join(lines) + "\n"


def _overloads(method: str, signatures: list[tuple[str, str]]) -> list[str]:
    # A handler of another shape fits none of them, and the editor says so.
    lines = []
    for argument, handler in signatures:
        lines += ["    @overload"] if len(signatures) > 1 else []
        lines += [
            f"    def {method}(",
            f"        self, {argument}",
            f"    ) -> Callable[[{handler}], object]: ...",
        ]
    return lines


def _events(model: ThingModel) -> list[str]:
    lines = []
    for name in model.events:
        lines += ["    @overload"] if len(model.events) > 1 else []
        lines += [
            "    def event(",
            f'        self, name: Literal["{name}"], values: {_class(name)}Event,',
            "        time: int | None = None, qos: int = 0, on_reply: _OnReply = None",
            "    ) -> int: ...",
        ]
    return lines


def _typed_dict(name: str, kinds: Mapping[str, Kind]) -> str:
    lines = [f"class {name}(TypedDict, total=False):"]
    if not kinds:
        return lines[0] + " ..."
    for key, kind in kinds.items():
        unit = f" {kind.unit}" if kind.unit else ""
        lines.append(f"    {key}: {_type(kind)}  # {described(kind)}{unit}")
    return "\n".join(lines)


def _type(kind: Kind) -> str:
    if kind.choices:
        return f"Literal[{', '.join(map(str, sorted(kind.choices)))}]"
    if kind.name == "array":
        return f"list[{_type(kind.item or Kind('text'))}]"
    if kind.name == "struct":
        return "dict[str, object]"
    return _BY_TYPE[kind.name]


def _class(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
