"""A board that is refused, or cannot ask, says why in one line."""

from __future__ import annotations

from collections.abc import Callable

from alink_sim.board import Board
from tests.sim.conftest import PATIENCE, Line


def _refusal(board: Board) -> str:
    board.power_on()
    return board.expect("alink: registration of ", timeout=PATIENCE).text


def _assert_refused(line: Line, text: str, reason: int) -> None:
    assert "refused, CONNACK 4" in text
    assert line.product_secret not in text
    events = line.platform.events(device_name="dev-1")
    refused = [event for event in events if event.kind == "registration_refused"]
    assert [event.code for event in refused] == [reason]


def test_a_wrong_product_secret(line: Line) -> None:
    text = _refusal(line.board("dev-1", product_secret="WrongSecret12345"))
    _assert_refused(line, text, 6600)


def test_a_device_name_nobody_registered(line: Line) -> None:
    text = _refusal(line.board("dev-1", register=False))
    _assert_refused(line, text, 6100)


def test_a_product_whose_dynamic_registration_is_switched_off(
    make_line: Callable[..., Line],
) -> None:
    line = make_line(dynamic_registration=False)
    text = _refusal(line.board("dev-1"))
    _assert_refused(line, text, 6288)


def test_an_activated_device_name(line: Line) -> None:
    first = line.board("dev-1")
    first.power_on()
    first.expect("alink: online at ", timeout=PATIENCE)
    first.power_off()
    second = Board.create(
        line.folder / "second",
        interpreter=line.interpreter,
        layout="factory",
        identity=line.identity("dev-1"),
        files=first.files,
    )
    text = _refusal(second)
    _assert_refused(line, text, 6289)


def test_nothing_burned(line: Line) -> None:
    board = Board.create(
        line.folder / "empty",
        interpreter=line.interpreter,
        layout="factory",
        identity=None,
        files=line.board("other").files,
    )
    board.power_on()
    text = board.expect("are missing", timeout=PATIENCE).text
    assert "ProductKey, ProductSecret and DeviceName are missing: nothing is burned" in text
