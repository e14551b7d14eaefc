"""System messages to devices that have not subscribed to them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from alink_sim.platform import Platform, Settings
from tests.platform.gateway import SUB_DS, SUB_PK, TIME, Gateway, signed, sub
from tests.platform.wire import ACCEPTED, Party, Wire, packet, publish, sign, subscribe, text

PK, DN = "a1B2c3D4e5F", "dev-1"
SYS = f"/sys/{PK}/{DN}"
PING, PONG = b"\xc0\x00", b"\xd0\x00"
UNLISTED = ("thing/event/property/batch/post", "thing/deviceinfo/get", "thing/list/found")


def _party(platform: Platform) -> Party:
    product = platform.console.create_product(key=PK)
    return Party.of(product, platform.console.add_device(PK, DN))


def _post(tail: str = "thing/event/property/post") -> bytes:
    return publish(f"{SYS}/{tail}", json.dumps({"id": "1", "params": {"a": 1}}).encode())


def _unsubscribe(topic_filter: str) -> bytes:
    return packet(0xA2, b"\x00\x02" + text(topic_filter))


@pytest.mark.parametrize(
    ("auto_deliver", "extra", "delivered"),
    [
        ("always", "", True),
        ("ss", "", False),
        ("ss", ",_ss=0", False),
        ("ss", ",_ss=1", True),
        ("never", ",_ss=1", False),
    ],
)
def test_delivery_without_a_subscription(
    make_platform: Callable[..., Platform], auto_deliver: str, extra: str, *, delivered: bool
):
    assert Settings().auto_deliver == "ss"
    platform = make_platform(strict=True, settings=Settings(auto_deliver=auto_deliver))
    with Wire.tls(platform) as wire:
        assert wire.ask(_party(platform).log_in(extra=extra)) == ACCEPTED
        wire.send(_post(), PING)
        if delivered:
            assert wire.read_publish()[0] == f"{SYS}/thing/event/property/post_reply"
        assert wire.read() == PONG
        missed = [event.detail["topic"] for event in platform.events(kind="not_sent")]
        assert missed == ([] if delivered else [f"{SYS}/thing/event/property/post_reply"])


def test_ss_stops_after_unsubscribe_and_covers_the_list(make_platform: Callable[..., Platform]):
    platform = make_platform(strict=True)
    with Wire.tls(platform) as wire:
        assert wire.ask(_party(platform).log_in(extra=",_ss=1")) == ACCEPTED
        for tail in UNLISTED:
            assert wire.ask(_post(tail), PING) == PONG, tail
        assert wire.ask(subscribe(1, (f"{SYS}/{UNLISTED[0]}_reply", 1)))[-1] == 1
        wire.send(_post(UNLISTED[0]))
        assert wire.read_publish()[0] == f"{SYS}/{UNLISTED[0]}_reply"
        reply = f"{SYS}/thing/event/property/post_reply"
        for one in (reply, f"{SYS}/thing/event/+/post_reply"):
            wire.send(_post())
            assert wire.read_publish()[0] == reply
            assert wire.ask(_unsubscribe(one)) == b"\xb0\x02\x00\x02"
        assert wire.ask(_post(), PING) == PONG
    with Wire.tls(platform) as wire:  # Each login begins with the whole list.
        assert (
            wire.ask(
                Party.of(platform.console.product(PK), platform.console.device(PK, DN)).log_in(
                    extra=",_ss=1"
                )
            )
            == ACCEPTED
        )
        wire.send(_post())
        assert wire.read_publish()[0] == reply


def test_broadcast_to_all_online_needs_no_subscription(make_platform: Callable[..., Platform]):
    platform = make_platform(strict=True)
    with Wire.tls(platform) as wire:
        assert wire.ask(_party(platform).log_in()) == ACCEPTED
        assert platform.cloud.broadcast(PK, b"news") == 1
        assert b"/broadcast/request/" in wire.read()


def test_gateway_unsubscribes_a_filter_of_its_sub_device(make_platform: Callable[..., Platform]):
    platform = make_platform()
    with Gateway(platform) as gateway:
        sub(platform)
        assert gateway.ask("thing/topo/add", [signed()])[0] == 200
        assert gateway.ask("combine/login", signed())[0] == 200
        assert platform.cloud.set_properties(SUB_PK, "sub-0001", {"a": 1})
        assert gateway.wire.read_publish()[0].endswith("/property/set")
        gateway.wire.ask(_unsubscribe("/sys/#"))
        assert platform.cloud.set_properties(SUB_PK, "sub-0001", {"a": 1})
        assert gateway.wire.ask(PING) == PONG


def test_gateway_with_ss_covers_its_sub_devices(make_platform: Callable[..., Platform]):
    platform = make_platform(strict=True)
    with Gateway(platform) as gateway:
        party = gateway.party
        sub(platform)
        platform.cloud.add_sub_device(SUB_PK, "sub-0001", gateway=(party.product.key, party.name))
    post = f"/sys/{SUB_PK}/sub-0001/thing/event/property/post"
    for extra, own in ((",_ss=1", ""), ("", "|_ss=1|")):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.log_in(extra=extra)) == ACCEPTED
            wire.ask(subscribe(1, (gateway.topic("combine/login_reply"), 0)))
            content = f"clientIdc{own}deviceNamesub-0001productKey{SUB_PK}timestamp{TIME}"
            body = {"id": "1", "params": signed(clientId=f"c{own}", sign=sign(SUB_DS, content))}
            wire.send(publish(gateway.topic("combine/login"), json.dumps(body).encode()))
            assert wire.read_publish()[1]["code"] == 200
            wire.send(publish(post, b'{"id":"1","params":{"a":1}}'))
            assert wire.read_publish()[0] == f"{post}_reply"
