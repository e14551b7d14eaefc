"""The calls of the stand-in `_peripherals`: a tuple of plain values in, one value out.

    ("find", module, name)                       what an attribute of a module is
    ("new", module, class, args, settings)       the key of a new object
    ("do", key, name, args, settings)            the result of a method, or of a module's function
    ("interrupts",)                              the keys of peripherals whose callback is due
    ("wakes",)                                   whether a pin ends a light sleep

A request and a result are text for `eval`. A result that begins with `b` is bytes; one with `!` is
the name of an exception and its text.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from alink_sim.board.peripherals import modules
from alink_sim.board.peripherals.units.unit import Unit
from alink_sim.board.peripherals.wiring import Wiring


class Calls:
    """The peripherals of one process of the firmware."""

    def __init__(self, wiring: Wiring) -> None:
        """`wiring` is the board's."""
        self._wiring = wiring
        self._units: dict[str, Unit] = {}

    def reply(self, data: bytes) -> bytes:
        """Return the reply to a request. Raises OSError for one that the firmware gets."""
        try:
            name, *arguments = ast.literal_eval(data.decode())
            with self._wiring.lock:
                value = self._requests[name](self, *arguments)
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  The firmware gets it.
            module = getattr(type(error), "firmware_module", "builtins")
            return f"!{module}.{type(error).__name__}: {error}".encode()
        if value is None:
            return b""
        return b"b" + value if isinstance(value, bytes) else repr(value).encode()

    def _new(self, module: str, name: str, args: Sequence[Any], settings: dict[str, Any]) -> str:
        entry = modules.MODULES[module][name]
        unit: Unit = entry(self._wiring, *self._real(args), **self._named(settings))  # type: ignore[operator]
        self._units[unit.key] = unit
        return unit.key

    def _do(self, key: str, name: str, args: Sequence[Any], settings: dict[str, Any]) -> Any:
        given, named = self._real(args), self._named(settings)
        if key in modules.MODULES:
            return modules.MODULES[key][name](self._wiring, *given, **named)  # type: ignore[operator]
        unit = self._units[key]
        kind = key.partition("(")[0]
        if name in unit.refused:
            raise NotImplementedError(f"{kind}.{name} is not simulated: {unit.refused[name]}")
        if name not in modules.methods(type(unit)):
            raise AttributeError(f"'{kind}' object has no attribute '{name}'")
        return getattr(unit, name)(*given, **named)

    def _real(self, args: Sequence[Any]) -> list[Any]:
        # Replace the keys of peripherals by these.
        return [
            self._real(value)
            if isinstance(value, tuple)
            else self._units.get(value, value)
            if isinstance(value, str)
            else value
            for value in args
        ]

    def _named(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return dict(zip(settings, self._real(list(settings.values())), strict=True))

    _requests: Mapping[str, Callable[..., Any]] = {
        "find": lambda _, module, name: modules.find(module, name),
        "new": _new,
        "do": _do,
        "interrupts": lambda self: self._wiring.take_interrupts(),
        "wakes": lambda self: self._wiring.wakes(),
    }
