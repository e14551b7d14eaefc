"""The main job as one command: every board ends as its scenario says, or the exit code tells."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from alink_sim import toolchain
from alink_sim.board import sdk_files
from alink_sim.demo import command, runner
from alink_sim.demo.scenarios import SCENARIOS, Obstacle, Scenario, Secret
from alink_sim.demo.steps import STEPS, Progress
from alink_sim.demo.table import BoardTable


def _run(*, interpreter: str, as_json: bool = True) -> int:
    return command.run(everything=True, as_json=as_json, interpreter=interpreter, jobs=2)


def test_every_scenario_ends_as_expected(
    interpreter: toolchain.Interpreter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(interpreter=interpreter.name) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    boards = {board["scenario"]: board for board in document["boards"]}
    assert list(boards) == [scenario.number for scenario in SCENARIOS]
    assert {board["layout"] for board in boards.values()} == {"factory", "stock"}
    assert list(boards["1"]["steps"]) == list(STEPS)
    assert re.fullmatch(
        r"power failed in flash operation \d+, in the first copy of the credential: "
        r"none is whole, so it registers again; registered twice",
        boards["3a"]["ended"],
    )
    assert re.fullmatch(
        r"power failed in flash operation \d+, in the second copy of the credential: "
        r"the other is whole; registered once",
        boards["3b"]["ended"],
    )
    assert "registered" not in boards["6a"]["steps"]
    for number, secret in (("6a", Secret.NONE), ("6b", Secret.SCRUBBED), ("6c", Secret.IN_EFUSE)):
        assert boards[number]["ended"].endswith(secret)
    for number in ("4a", "4b", "4c", "4d"):
        assert "refused, CONNACK 4" in boards[number]["ended"]
        assert boards[number]["reason"]
    for number in ("5a", "5b"):
        assert "DeviceName" in boards[number]["ended"]


def test_unexpected_ending_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    otherwise = Scenario("x", "says else", obstacle=Obstacle.NOTHING_BURNED, output="never said")
    monkeypatch.setattr(command, "SCENARIOS", (otherwise,))
    assert _run(interpreter="unix64", as_json=False) == 1
    text = capsys.readouterr().out
    assert "0 of 1 boards ended as expected" in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert "x  says else: burned after " in text
    assert "x  says else: booted after " in text
    assert "x  says else: ended NOT as expected: " in text
    assert "\r" not in text
    assert "\x1b" not in text


def test_secret_found_in_flash_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner, "_SCRUBS", sdk_files()["/main.py"].decode())
    monkeypatch.setattr(command, "SCENARIOS", (Scenario("6b", "x", secret=Secret.SCRUBBED),))
    assert _run(interpreter="unix64") == 1
    ended = json.loads(capsys.readouterr().out)["boards"][0]["ended"]
    assert ended == "registered once; the ProductSecret is in its flash"


def _drawn(width: int) -> list[str]:
    online = Progress("1", "pre-registered", "factory", began=True, as_expected=True)
    online.steps = {step: 10.0 + at for at, step in enumerate(STEPS)}
    online.ended = "registered once"
    own = Progress("6", "own DeviceSecret", "factory", began=True)
    own.steps = {"burned": 0.1, "booted": 0.2, "clock": 0.3, "logged in": 0.4}
    refused = Progress("4a", "wrong ProductSecret", "stock", began=True, as_expected=True)
    refused.steps = {"burned": 0.1, "booted": 0.2}
    refused.ended = "registration refused"
    refused.reason = "the signature does not fit the ProductSecret, which was turned round"
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as drawn:
        console.print(BoardTable([online, own, refused]))
    return [line.rstrip() for line in drawn.get().splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_table_fits_terminal_one_row_per_board(width: int) -> None:
    lines = _drawn(width)
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if line.startswith(("1  pre", "6  own", "4a wrong"))]
    assert len(rows) == 3
    assert rows[0].endswith("18.00 ✓")
    assert rows[1].split()[3:6] == ["0.10", "0.20", "0.30"]
    assert rows[1].count("-") == 2, "steps it had no need of"
    assert "the signature does not fit" in rows[2]
    assert rows[2].endswith("✓")
    told = " ".join(" ".join(lines).split())
    assert "stock registration refused" in told
    assert "platform the signature does not fit the ProductSecret, which was turned round" in told


def test_wide_terminal_shows_full_step_names() -> None:
    assert "burned → booted → clock → registered → stored → logged in" in _drawn(120)[0]
