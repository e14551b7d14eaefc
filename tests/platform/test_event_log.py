"""The log: what is found, and how waiting for it ends."""

from __future__ import annotations

import threading

import pytest

from alink_sim.platform.event_log import Event, EventLog, ExpectationError


@pytest.fixture
def log() -> EventLog:
    log = EventLog()
    log.add(Event(time=1.0, kind="online", product_key="p", device_name="a"))
    log.add(Event(time=2.0, kind="login_refused", product_key="p", device_name="b", code=6600))
    log.add(Event(time=3.0, kind="online", product_key="q", device_name="b"))
    return log


@pytest.mark.parametrize(
    ("asked", "times"),
    [
        ({}, [1.0, 2.0, 3.0]),
        ({"product_key": "p"}, [1.0, 2.0]),
        ({"device_name": "b"}, [2.0, 3.0]),
        ({"kind": "online"}, [1.0, 3.0]),
        ({"since": 2.0}, [2.0, 3.0]),
        ({"kind": "online", "device_name": "b"}, [3.0]),
    ],
)
def test_events_are_found_by_what_is_given(log: EventLog, asked, times):
    assert [event.time for event in log.select(**asked)] == times


def test_expecting_what_is_there_returns_the_newest(log: EventLog):
    assert log.expect("online", timeout=0).time == 3.0


def test_expecting_waits_for_what_comes(log: EventLog):
    later = threading.Thread(target=log.add, args=(Event(time=4.0, kind="offline"),))
    later.start()
    assert log.expect("offline", timeout=10).time == 4.0
    later.join()


def test_expecting_in_vain_shows_what_there_was(log: EventLog):
    with pytest.raises(ExpectationError) as caught:
        log.expect("offline", device_name="b", timeout=0)
    assert str(caught.value) == (
        "no event 'offline' of b within 0 s; there was:\n"
        "online p/a\nlogin_refused 6600 p/b\nonline q/b"
    )
