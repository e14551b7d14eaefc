"""Boards on a bad network: a bounded form of the 24 hours of `make reliability`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alink_sim.toolchain import Interpreter
from tests.reliability import fuzz
from tests.reliability.day import BadNetwork, DayError
from tests.reliability.far_platform import FarPlatform, Stored

BOARDS, HOURS = 2, 1.0


@pytest.fixture
def network(tmp_path: Path, interpreter: Interpreter) -> Iterator[BadNetwork]:
    made = BadNetwork(tmp_path, interpreter, BOARDS, fuzz.SEED)
    yield made
    made.close()


def test_bad_network_loses_no_acknowledged_post(
    network: BadNetwork, interpreter: Interpreter, record_property: Callable[[str, object], None]
):
    day = network.run(HOURS)
    assert day.kills
    assert day.power_cuts
    assert day.faults
    assert day.registrations == BOARDS
    assert day.acknowledged > BOARDS * HOURS * 12
    record_property(
        "counted",
        f"bad network, {interpreter.name}: {day.acknowledged} posts acknowledged, 0 lost",
    )


@pytest.mark.parametrize("interpreter", ["unix64"], indirect=True)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: replace(one, properties={}), "is lost"),
        (lambda one: replace(one, client_ids=2), "2 ClientIDs"),
    ],
)
def test_loss_on_a_bad_network_is_seen(
    network: BadNetwork,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Stored], Stored],
    said: str,
):
    stored = FarPlatform.stored
    monkeypatch.setattr(
        FarPlatform,
        "stored",
        lambda self: {name: change(one) for name, one in stored(self).items()},
    )
    with pytest.raises(DayError, match=said):
        network.run(HOURS)
