"""Every door takes anything: a bounded form of `make reliability`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alink_sim.platform.topics import dispatch
from tests.reliability.doors import NAMES, Doors, FuzzError, mutated

SEED = 20261130
INPUTS = 400  # At each door; the long form has 1,000,000 in all.


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    with Doors() as made:
        yield made


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("door", NAMES)
def test_mutated_messages_are_refused_or_taken(doors: Doors, door: str, record_property: Any):
    chance = random.Random(SEED)
    doors.feed_all(door, [mutated(chance) for _ in range(INPUTS)])
    record_property("counted", f"fuzz, {door}: {INPUTS} inputs, seed {SEED}, 0 failures")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("door", NAMES)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_or_taken(doors: Doors, door: str, data: bytes):
    doors.feed(door, data)


def test_failure_of_the_platform_is_seen(doors: Doors, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatch, "publish", lambda *_args, **_named: 1 / 0)
    with pytest.raises((FuzzError, ZeroDivisionError)):
        doors.feed("message", b"\0{}")
