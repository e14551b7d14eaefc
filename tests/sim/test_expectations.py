"""`platform.expect` with boards: it ends with them, and knows each kind of event."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alink_sim.clock import ManualClock
from alink_sim.factory_flash import FactoryFlash
from alink_sim.platform import ExpectationError, Platform
from alink_sim.platform.state import event_log
from alink_sim.platform.state.event_kinds import EVENT_KINDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "platform.md"


@pytest.mark.simulated("its end is seen")
def test_expect_ends_with_crashed_board(
    iot_platform: Platform, factory_flash: FactoryFlash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "_LAST_WORDS", 0.0)
    board = factory_flash("dev-1", main="raise ValueError('no sensor')")
    assert board.ended == "off"
    board.power_on()
    with pytest.raises(ExpectationError, match=r"(?s)has ended .crashed.*no sensor") as e:
        iot_platform.expect("property_posted", device_name="dev-1")
    assert "no event 'property_posted' of dev-1: board dev-1" in str(e.value)
    assert (board.ended, board.asleep) == ("crashed", False)


def test_unknown_kind_suggests_nearest(iot_platform: Platform) -> None:
    with pytest.raises(ValueError, match="did you mean property_posted"):
        iot_platform.expect("propertyposted")


def test_standing_clock_is_named(tmp_path: Path, iot_ca: Path) -> None:
    clock = ManualClock()
    with (
        Platform(state=tmp_path / "state", ca=iot_ca, clock=clock) as platform,
        pytest.raises(ExpectationError, match="stands still until the test advances it"),
    ):
        platform.expect("online", timeout=0)


def test_kinds_are_those_of_the_reference() -> None:
    table = PAGE.read_text("utf-8").split("| kind | meaning and details |")[1].split("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {kind for row in rows for kind in re.findall(r"`([a-z_]+)`", row)} == {*EVENT_KINDS}
