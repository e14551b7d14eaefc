"""The base of what the firmware sees of a peripheral."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from alink_sim.board.peripherals.wiring import Wiring


class Unit:
    """A peripheral of the firmware. Its public methods are the methods of the firmware's class.

    A subclass sets `key`, the text that names this object on both sides; it is also its `repr`.
    `constants` are attributes of the firmware's class; a `stream` can be polled. `refused` has the
    methods that are not simulated, with the reason or the replacement.
    """

    constants: ClassVar[Mapping[str, object]] = {}
    stream: ClassVar[bool] = False
    refused: ClassVar[Mapping[str, str]] = {}
    key: str

    def __init__(self, wiring: Wiring, *_: Any, **__: Any) -> None:
        self._wiring = wiring


def os_error(number: int) -> OSError:
    """Return an OSError of the firmware that has only a number."""
    return OSError(number, "")
