"""Power is cut in every flash operation of a first boot: after it returns the board is online."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from alink_sim.board import Board
from tests.sim.conftest import Rig

POSTED = re.compile(r"^alink: property post 1 answered: 200")

# Online is the end: a cut after the last flash operation changes nothing.
MAIN = """
from alink import Device
device = Device.from_flash()
device.connect()
device.post_properties({"temperature": 21.5})
device.loop()
"""


def _name(number: int) -> str:
    return f"dev-{number:03}"


def _survive(rig: Rig, layout: str, method: str, cut_at: int) -> tuple[int, int]:
    """Cut one first boot in an operation; return its registrations and its ClientIDs."""
    name = _name(cut_at)
    board = rig.board(name, layout=layout, method=method, register=method != "regnwl", main=MAIN)
    with board:
        board.power_on(cut_at=cut_at)
        assert board.wait() == "cut", f"operation {cut_at} never came"
        board.power_on()
        board.expect(POSTED)
        board.power_off()
        board.power_on()
        board.expect(POSTED)
    registrations = rig.kinds(name).count("registered")
    return registrations, len(rig.platform.console.device(rig.product_key, name).client_ids)


def _operations(rig: Rig, layout: str, method: str) -> int:
    board: Board = rig.board(
        _name(0), layout=layout, method=method, register=method != "regnwl", main=MAIN
    )
    with board:
        board.power_on()
        board.expect(POSTED)
        return board.flash_operations


@pytest.mark.parametrize(
    ("layout", "method"),
    [
        ("factory", "register"),
        ("factory", "regnwl"),
        ("factory", "https"),
        ("stock", "register"),
        ("stock", "regnwl"),
    ],
)
def test_first_boot_survives_every_power_cut(
    make_rig: Callable[..., Rig],
    record_property: Callable[[str, object], None],
    layout: str,
    method: str,
) -> None:
    rig = make_rig()
    count = _operations(rig, layout, method)
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda at: _survive(rig, layout, method, at), range(1, count + 1)))
    registrations = [one for one, _ in results]
    assert set(registrations) <= {1, 2}, "a cut costs at most one more registration"
    assert registrations[-1] == 1, "a stored credential is never registered again"
    said = f"{rig.interpreter.name}, {layout}, {method}: {count} cut points, online after each; "
    if method == "regnwl":
        said += f"ClientIDs spent: {' '.join(str(ids) for _, ids in results)}"
    else:
        said += f"registered twice after {registrations.count(2)} of them"
    record_property("counted", said)
