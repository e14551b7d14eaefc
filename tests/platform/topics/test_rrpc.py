"""RRPC and broadcast: which topic a question takes, and each way it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from alink_sim.platform.topics.rrpc import Rrpc, RrpcCode
from tests.platform.wire import ACCEPTED, Party, Wire, publish, subscribe
from tests.waiting import PATIENCE

Ask = Callable[..., "Future[Rrpc]"]


@pytest.fixture
def ask(platform: Platform, party: Party) -> Iterator[Ask]:
    """Return `Platform.rrpc` to the party's device, in a separate thread."""
    with ThreadPoolExecutor(1) as threads:

        def start(payload: bytes = b'"?"', **options: Any) -> Future[Rrpc]:
            return threads.submit(
                platform.cloud.rrpc, party.product.key, party.name, payload, **options
            )

        yield start


@pytest.fixture
def wire(platform: Platform) -> Iterator[Wire]:
    with Wire.tls(platform) as made:
        yield made


def base(party: Party) -> str:
    return f"{party.product.key}/{party.name}"


def test_a_question_is_answered_on_the_response_topic(ask: Ask, wire: Wire, party: Party) -> None:
    assert wire.ask(party.log_in()) == ACCEPTED
    asked = ask()
    topic, body, qos = wire.read_publish()
    assert topic.startswith(f"/sys/{base(party)}/rrpc/request/")
    assert (body, qos) == ("?", 0)
    wire.send(publish(topic.replace("/request/", "/response/"), b"\x00\xff"))
    got = asked.result(PATIENCE)
    assert (got.code, got.payload) == (RrpcCode.SUCCESS, b"\x00\xff")
    assert got.message_id == topic.rpartition("/")[2]
    assert got.message_id.isdecimal()
    assert len(got.message_id) == 18


def test_custom_rrpc_gets_reply_on_its_topic(ask: Ask, wire: Wire, party: Party) -> None:
    assert wire.ask(party.log_in(extra=",ext=1")) == ACCEPTED
    own = f"/{base(party)}/user/ask"
    assert wire.ask(subscribe(1, (f"/ext/rrpc/+{own}", 0))) == b"\x90\x03\x00\x01\x00"
    for written in (own, "user/ask"):  # As the device may write it, too.
        asked = ask(topic=written)
        topic, _, _ = wire.read_publish()
        assert topic.startswith("/ext/rrpc/")
        assert topic.endswith(own)
        wire.send(publish(topic, b"42"))
        assert asked.result(PATIENCE).payload == b"42"


def test_without_ext_a_custom_question_never_arrives(
    ask: Ask, wire: Wire, party: Party, platform: Platform, clock: ManualClock
) -> None:
    assert wire.ask(party.log_in(extra=",ext=2")) == ACCEPTED
    asked = ask(topic=f"/{base(party)}/user/ask", timeout_ms=1000)
    event = platform.expect("not_sent")
    assert event.reason == "it logged in without ext=1"
    clock.advance(1)
    assert asked.result(PATIENCE).code == "TIMEOUT"


def test_rrpc_times_out_and_late_reply_is_logged(
    ask: Ask, wire: Wire, party: Party, platform: Platform, clock: ManualClock
) -> None:
    assert wire.ask(party.log_in()) == ACCEPTED
    asked = ask(timeout_ms=8000)
    topic, _, _ = wire.read_publish()
    clock.advance(7.9)
    assert not asked.done()
    clock.advance(0.2)
    assert asked.result(PATIENCE) == Rrpc(RrpcCode.TIMEOUT, topic.rpartition("/")[2])
    wire.send(publish(topic.replace("/request/", "/response/"), b"late"))
    assert platform.expect("answered").detail["topic"].endswith(asked.result().message_id)


def test_offline_or_disconnecting_device_has_its_code(
    ask: Ask, platform: Platform, party: Party
) -> None:
    assert ask().result(PATIENCE).code == "OFFLINE"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        asked = ask()
        wire.read_publish()
    assert asked.result(PATIENCE).code == "HALFCONN"


@pytest.mark.parametrize("timeout", [999, 8001])
def test_a_timeout_is_one_to_eight_seconds(ask: Ask, timeout: int) -> None:
    with pytest.raises(ValueError, match=f"1000..8000 ms, not {timeout}"):
        ask(timeout_ms=timeout).result(PATIENCE)


@pytest.mark.parametrize(
    ("extra", "starts"), [(",ext=1", "/ext/rrpc/"), ("", "/sys/a1B2c3D4e5F/")]
)
def test_synchronous_service_uses_topic_announced_at_login(
    platform: Platform, wire: Wire, party: Party, extra: str, starts: str
) -> None:
    assert wire.ask(party.log_in(extra=extra)) == ACCEPTED
    with ThreadPoolExecutor(1) as threads:
        called = threads.submit(
            platform.cloud.call_service_sync, party.product.key, party.name, "Test", {"a": 1}
        )
        topic, body, _ = wire.read_publish()
        assert topic.startswith(starts)
        assert (body["method"], body["params"]) == ("thing.service.Test", {"a": 1})
        answer = {"id": body["id"], "code": 200, "data": {"ok": 1}}
        wire.send(publish(topic.replace("/request/", "/response/"), json.dumps(answer).encode()))
        assert json.loads(called.result(PATIENCE).payload) == answer


def test_broadcast_reaches_online_devices_or_subscribers(
    platform: Platform, wire: Wire, party: Party
) -> None:
    key = party.product.key
    assert platform.cloud.broadcast(key, b"1") == 0
    assert wire.ask(party.log_in()) == ACCEPTED
    assert platform.cloud.broadcast(key, b"1") == 1
    assert wire.read_publish()[0].startswith(f"/sys/{base(party)}/broadcast/request/")
    assert platform.cloud.broadcast(key, b"2", topic=f"/broadcast/{key}/news") == 0
    wire.ask(subscribe(1, (f"/broadcast/{key}/news", 0)))
    assert platform.cloud.broadcast(key, b"3", topic=f"/broadcast/{key}/news") == 1
    assert wire.read_publish() == (f"/broadcast/{key}/news", 3, 0)
