"""mpremote as a program: a board that was reset a moment ago."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alink_factory.board import mpremote, program
from alink_factory.board.mpremote import Mpremote
from alink_factory.errors import BoardError

MUTE = "mpremote.transport.TransportError: could not enter raw repl"
FACTS = (
    'alink-burn:{"platform": "esp32", "version": "1.26.1", "mac": "a0b765123456"}',
    'alink-burn:{"labels": ["nvs"]}',
    'alink-burn:{"cert": "", "cred": ""}',
)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, tuple[str, ...]]]:
    """Return the list of exit codes and lines of the next runs of mpremote, without pauses."""
    wanted: list[tuple[int, tuple[str, ...]]] = []

    def run(_command: Any, *, on_line: Callable[[str], None], **_: Any) -> int:
        code, lines = wanted.pop(0)
        for line in lines:
            on_line(line)
        return code

    monkeypatch.setattr(program, "run", run)
    monkeypatch.setattr(mpremote, "_PAUSE", 0.0)
    return wanted


def test_board_that_boots_is_asked_again(runs: list[Any], tmp_path: Path):
    runs += [(1, (MUTE,)), (1, (MUTE,)), (0, FACTS)]
    assert Mpremote("/dev/x", scratch=tmp_path).look().mac == "a0b765123456"
    runs += [(1, (MUTE,))] * 3
    with pytest.raises(BoardError, match="MicroPython on /dev/x does not respond"):
        Mpremote("/dev/x", scratch=tmp_path).look()
    assert runs == []


def test_other_failure_is_reported_at_once(runs: list[Any], tmp_path: Path):
    runs += [(1, ("mpremote: failed to access /dev/x",))]
    with pytest.raises(BoardError, match="/dev/x cannot be opened"):
        Mpremote("/dev/x", scratch=tmp_path).look()
    runs += [(1, (MUTE,))]
    with pytest.raises(BoardError, match="does not respond"):
        Mpremote("/dev/x", scratch=tmp_path).reset()
    assert runs == []
