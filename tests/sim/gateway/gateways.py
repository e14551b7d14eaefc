"""Gateways on a rig, and the sub-devices of a product behind them."""

from __future__ import annotations

from typing import Any

from alink_formats.identity import SubProduct
from alink_sim.board import Board
from alink_sim.board.interpreter.heap import beside_standins
from tests.sim.conftest import SUB_PK, SUB_PS, Rig
from tests.waiting import eventually

SIGNED = (SubProduct(SUB_PK, SUB_PS),)

# The heap that a gateway run from bytecode has beyond an ESP32's first area of 56,000 bytes.
BEYOND_FIRST_AREA = 5_600
GROWN = 56_000  # Beyond it, once the heap of a chip has doubled.


def burn(
    rig: Rig,
    main: str,
    name: str = "gateway-1",
    *,
    beyond: int = BEYOND_FIRST_AREA,
    **fields: object,
) -> Board:
    """Return a gateway that will run `main` with this many bytes beyond the first heap area."""
    more = beyond * rig.interpreter.word_bits // 32
    heap = "" if rig.flash else str(int(beside_standins(rig.interpreter)) + more)
    return rig.board(name, main=main, heap=heap, **fields)  # type: ignore[arg-type]


def start(rig: Rig, main: str, name: str = "gateway-1", **wanted: Any) -> Board:
    """Return a gateway that runs `main`, switched on; the rest is as for `burn`."""
    board = burn(rig, main, name, **wanted)
    board.power_on()
    return board


def subs(rig: Rig, count: int, *, prefix: str = "meter") -> list[str]:
    """Register this many sub-devices on the platform; return their DeviceNames."""
    names = [f"{prefix}-{number:03}" for number in range(count)]
    for name in names:
        rig.platform.console.add_device(SUB_PK, name)
    return names


def status(rig: Rig, name: str) -> str:
    return rig.platform.console.device(SUB_PK, name).status.value


def until(rig: Rig, name: str, wanted: str) -> None:
    """Wait until a sub-device has a status."""
    eventually(lambda: status(rig, name) == wanted, *rig.boards)


def owner(rig: Rig, name: str) -> str | None:
    """Return the DeviceName of a sub-device's gateway."""
    found = rig.platform.cloud.gateway_of(SUB_PK, name)
    return found.name if found else None


def until_said(board: Board, *wanted: str) -> None:
    """Wait until a board has printed lines with each of these, in any order."""
    eventually(lambda: all(any(one in line.text for line in board.lines) for one in wanted), board)
