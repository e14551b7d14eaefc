"""The event log: filters, and the end of a wait for an event."""

from __future__ import annotations

import ast
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_sim.platform.state.event_log import Event, EventLog, ExpectationError
from tests.platform.wire import Party, Wire
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]


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
        ({"until": 2.0}, [1.0, 2.0]),
        ({"since": 1.5, "until": 2.5}, [2.0]),
        ({"code": 6600}, [2.0]),
        ({"kind": "online", "device_name": "b"}, [3.0]),
    ],
)
def test_events_match_all_given_filters(log: EventLog, asked, times):
    assert [event.time for event in log.select(**asked)] == times


def test_expecting_what_is_there_returns_the_newest(log: EventLog):
    assert log.expect("online", timeout=0).time == 3.0


def test_expecting_waits_for_what_comes(log: EventLog):
    later = threading.Thread(target=log.add, args=(Event(time=4.0, kind="offline"),))
    later.start()
    assert log.expect("offline", timeout=PATIENCE).time == 4.0
    later.join()


def test_selecting_by_what_no_event_has_is_refused(log: EventLog):
    with pytest.raises(TypeError, match="'devcie' is not an event filter"):
        log.after(0, devcie="b")  # type: ignore[call-arg]


def test_expecting_after_an_event_takes_only_later_ones(log: EventLog):
    first = log.select(kind="online")[0]
    assert log.expect("online", after=first, timeout=0).time == 3.0
    with pytest.raises(ExpectationError, match="no event 'online' after that within 0 s"):
        log.expect("online", after=log.select()[-1], timeout=0)


def test_expecting_a_detail_passes_over_others(log: EventLog):
    log.add(Event(time=4.0, kind="registered", detail={"method": "regnwl", "via": "mqtt"}))
    log.add(Event(time=5.0, kind="registered", detail={"method": "register"}))
    assert log.expect("registered", method="regnwl", timeout=0).time == 4.0
    with pytest.raises(ExpectationError, match="no event 'registered' method='https' within"):
        log.expect("registered", method="https", timeout=0)


def test_expecting_a_code_looks_at_the_event(log: EventLog):
    assert log.expect("login_refused", code=6600, timeout=0).time == 2.0
    with pytest.raises(ExpectationError, match="no event 'login_refused' code=6601 within 0 s; "):
        log.expect("login_refused", code=6601, timeout=0)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"devicename": "b"}, "'registered' has no devicename: did you mean device_name?"),
        ({"methods": "regnwl"}, "'registered' has no methods: did you mean method?"),
        ({"x": 1}, "'registered' has no x: it has method, via;"),
    ],
)
def test_unknown_detail_suggests_the_nearest(log: EventLog, asked, sentence):
    log.add(Event(time=4.0, kind="registered", detail={"method": "regnwl", "via": "mqtt"}))
    with pytest.raises(ExpectationError, match=re.escape(sentence)):
        log.expect("registered", timeout=0, **asked)


def test_failed_expectation_shows_end_of_log(log: EventLog):
    log.add(Event(time=3.5, kind="property_posted", device_name="b", detail={"t": 21.5}))
    with pytest.raises(ExpectationError) as caught:
        log.expect("offline", device_name="b", timeout=0)
    assert str(caught.value).splitlines() == [
        "no event 'offline' of b within 0 s; the log ends (4 of 4, seconds before the last):",
        "     -2.500  online p/a",
        "     -1.500  login_refused 6600 p/b",
        "     -0.500  online q/b",
        "      0.000  property_posted b  t=21.5",
    ]
    for number in range(20):
        log.add(Event(time=9.0, kind="published", detail={"number": number}))
    assert log.tail().splitlines()[0] == "the log ends (20 of 24, seconds before the last):"
    assert "no device has reached this platform" in EventLog().tail()


def test_repeated_events_are_shown_once(log: EventLog):
    for second in range(4, 90):
        log.add(Event(time=float(second), kind="property_posted", detail={"t": 21.5}))
    assert log.tail(2).splitlines() == [
        "the log ends (87 of 89, seconds before the last):",
        "    -86.000  online q/b",
        "      0.000  property_posted  t=21.5  (86 times)",
    ]


def test_event_file_survives_restarts_without_secrets(make_platform, tmp_path):
    for _ in range(2):
        platform = make_platform(events=tmp_path / "events.jsonl")
        product = platform.console.create_product()
        party = Party(product, f"dev-{product.secret}")
        with Wire.tls(platform) as wire:
            wire.ask(party.register())
        platform.expect("registration_refused")
        platform.stop()
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(line["kind"], line["device_name"]) for line in lines] == [
        ("registration_refused", "dev-***"),
    ] * 2


def _kinds(call: ast.Call) -> Iterator[str]:
    """Yield the kinds of event that a call notes, as far as they stand in it."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("note", "note_about", "_note"):
        for node in ast.walk(call.args[0]) if call.args else ():
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_every_kind_of_event_is_in_the_manual():
    manual = "".join(
        (ROOT / "docs" / "reference" / f"{one}.md").read_text() for one in ("platform", "faults")
    )
    kinds = {
        kind
        for path in (ROOT / "host_sim" / "alink_sim" / "platform").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for kind in _kinds(node)
    }
    assert len(kinds) > 30
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in manual] == []
