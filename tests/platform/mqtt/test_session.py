"""A session after its login: publish, subscribe, keepalive."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from alink_sim.platform.state.store import Changes
from tests.platform.wire import (
    ACCEPTED,
    Party,
    Wire,
    connect,
    packet,
    publish,
    sign,
    subscribe,
    text,
)
from tests.waiting import PATIENCE

PING, PONG = b"\xc0\x00", b"\xd0\x00"


def post(party: Party, params: object, *, qos: int = 0, packet_id: int = 0, **more) -> bytes:
    topic = f"/sys/{party.product.key}/{party.name}/thing/event/property/post"
    body = {"id": "1", "version": "1.0", "params": params, **more}
    return publish(topic, json.dumps(body).encode(), qos=qos, packet_id=packet_id)


@pytest.fixture
def online(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        yield wire


def session(make_platform, **settings):
    """Return platform, party and a logged-in wire under other settings."""
    platform = make_platform(settings=Settings(**settings))
    product = platform.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    wire = Wire.tls(platform)
    assert wire.ask(party.log_in()) == ACCEPTED
    return platform, party, wire


def test_a_property_post_is_kept_and_answered(platform: Platform, party: Party, online: Wire):
    online.send(
        post(party, {"temperature": 21.5, "power": {"value": "on", "time": 1524448722000}})
    )
    assert online.read() == publish(
        "/sys/a1B2c3D4e5F/esp32-240AC4A1B2C3/thing/event/property/post_reply",
        b'{"code":200,"data":{},"id":"1","message":"success",'
        b'"method":"thing.event.property.post","version":"1.0"}',
    )
    device = platform.console.device(party.product.key, party.name)
    assert device.properties == {"temperature": 21.5, "power": "on"}
    values = platform.expect("property_posted", timeout=0).detail["values"]
    assert values == {"temperature": 21.5, "power": "on"}


def test_properties_survive_a_restart(make_platform, tmp_path):
    before = make_platform(state=tmp_path)
    product = before.console.create_product()
    party = Party.of(product, before.console.add_device(product.key, "dev-1"))
    with Wire.tls(before) as wire:
        wire.ask(party.log_in())
        wire.ask(post(party, {"temperature": 21.5}))
    before.stop()
    after = make_platform(state=tmp_path)
    assert after.console.device(product.key, "dev-1").properties == {"temperature": 21.5}


def test_post_during_removal_does_not_restore_the_device(
    make_platform: Callable[..., Platform], database_url: str
):
    first = make_platform()
    product = first.console.create_product(key="a1B2c3D4e5F")
    party = Party.of(product, first.console.add_device(product.key, "dev-1"))
    write, begun, go_on = first._store.write, Event(), Event()

    def write_late(changes: Changes) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)
        write(changes)

    with Wire.tls(first) as wire, ThreadPoolExecutor(1) as threads:
        assert wire.ask(party.log_in()) == ACCEPTED
        first._store.write = write_late  # type: ignore[method-assign]
        removed = threads.submit(first.console.remove_device, product.key, party.name)
        try:
            assert begun.wait(PATIENCE)
            assert wire.ask(post(party, {"t": 21}, sys={"ack": 0}), PING) == PONG
        finally:
            go_on.set()
        removed.result(PATIENCE)
    assert first.expect("publish_refused", timeout=0).reason == "the device was removed"
    first.stop()
    assert make_platform().console.devices() == []


def test_a_qos_1_post_gets_its_puback(party: Party, online: Wire):
    assert online.ask(post(party, {"a": 1}, qos=1, packet_id=7)) == b"\x40\x02\x00\x07"
    assert online.read_publish()[1]["code"] == 200


@pytest.mark.client_row(4, "one copy where filters overlap")
def test_system_messages_come_once_at_the_granted_qos(party: Party, online: Wire):
    reply = f"/sys/{party.product.key}/{party.name}/thing/event/property/post_reply"
    wild = reply.replace("property", "+")
    assert online.ask(subscribe(1, (reply, 0), (wild, 1))) == b"\x90\x04\x00\x01\x00\x01"
    online.send(post(party, {"a": 1}))
    assert online.read_publish()[2] == 1
    assert online.ask(PING) == PONG


def test_unsubscribing_ends_delivery(make_platform):
    _platform, party, wire = session(make_platform, auto_deliver="never")
    reply = f"/sys/{party.product.key}/{party.name}/thing/event/property/post_reply"
    with wire:
        wire.ask(subscribe(1, (reply, 1)))
        wire.send(post(party, {"a": 1}))
        wire.read_publish()
        assert wire.ask(packet(0xA2, b"\x00\x02" + text(reply))) == b"\xb0\x02\x00\x02"
        assert wire.ask(post(party, {"a": 1}), PING) == PONG


# Filters of the vendor's own SDKs: a refusal makes one of them hang for ever.
GRANTED = [
    "/sys/{}/thing/event/+/post_reply",
    "/sys/{}/thing/service/property/set",
    "/sys/{}/thing/service/+",
    "/sys/{}/thing/deviceinfo/update_reply",
    "/sys/{}/thing/config/get_reply",
    "/sys/{}/thing/topo/add_reply",
    "/sys/{}/thing/sub/register_reply",
    "/sys/{}/thing/model/down_raw",
    "/sys/{}/thing/disable",
    "/sys/{}/rrpc/request/+",
    "/sys/{}/#",
    "/shadow/get/{}",
    "/ota/device/upgrade/{}",
    "/ota/device/request/{}",
    "/ext/ntp/{}/response",
    "/ext/session/{}/combine/login_reply",
    "/ext/error/{}",
    "/ext/rrpc/+/{}/user/get",
    "/ext/rrpc/+/sys/{}/thing/service/reboot",
    "/broadcast/a1B2c3D4e5F/news",
    "/{}/user/get",
    "/{}/user/#",
]
REFUSED = [
    "#",
    "/#",
    "/sys/#",
    "/sys/+/+/thing/service/property/set",
    "/sys/a1B2c3D4e5F/other/thing/service/property/set",
    "/sys/a1B2c3D4e5F/+/thing/service/property/set",
    "/shadow/get/a1B2c3D4e5F/other",
    "/ext/ntp/a1B2c3D4e5F/other/response",
    "/ext/rrpc/+/a1B2c3D4e5F/other/user/get",
    "/ext/rrpc/+/#",
    "/ext/register",
    "/broadcast/other/news",
    "/{}/user/#/x",
    "/{}/user/x+",
]


@pytest.mark.parametrize("topic_filter", GRANTED)
def test_a_device_may_subscribe_to(platform: Platform, party: Party, online: Wire, topic_filter):
    mine = topic_filter.format(f"{party.product.key}/{party.name}")
    assert online.ask(subscribe(9, (mine, 1))) == b"\x90\x03\x00\x09\x01"
    assert platform.expect("subscribed", timeout=0).detail == {"filter": mine, "qos": 1}


@pytest.mark.parametrize("topic_filter", REFUSED)
def test_a_device_may_not_subscribe_to(platform: Platform, party: Party, online, topic_filter):
    other = topic_filter.format(f"{party.product.key}/{party.name}")
    assert online.ask(subscribe(9, (other, 1))) == b"\x90\x03\x00\x09\x80"
    assert other in platform.expect("subscribe_refused", timeout=0).reason


def test_qos_2_is_granted_as_1(party: Party, online: Wire):
    mine = f"/{party.product.key}/{party.name}/user/get"
    assert online.ask(subscribe(1, (mine, 2))) == b"\x90\x03\x00\x01\x01"


FOREIGN = "/sys/a1B2c3D4e5F/other-device/thing/event/property/post"


def test_a_publish_to_a_foreign_topic_is_dropped(platform: Platform, online: Wire):
    assert online.ask(publish(FOREIGN, b"{}", qos=1, packet_id=1)) == b"\x40\x02\x00\x01"
    assert online.ask(PING) == PONG
    assert FOREIGN in platform.expect("publish_refused", timeout=0).reason


def test_setting_foreign_topic_ends_the_session(make_platform):
    platform, _party, wire = session(make_platform, foreign_topic="close")
    with wire:
        wire.send(publish(FOREIGN, b"{}"))
        assert wire.read() == b""
    assert platform.expect("offline").reason == "it published to a topic of another device"


def test_a_custom_topic_is_noted(platform: Platform, party: Party, online: Wire):
    topic = f"/{party.product.key}/{party.name}/user/update"
    assert online.ask(publish(topic, b"\x00\xff", qos=1, packet_id=1)) == b"\x40\x02\x00\x01"
    assert platform.expect("published", timeout=0).detail == {"topic": topic}


@pytest.mark.parametrize(
    ("first", "setting", "says"),
    [(0x34, {"qos2": "downgrade"}, "QoS 2"), (0x33, {"retain": "ignore"}, "retained")],
)
def test_qos_2_and_retain_end_session_by_default(make_platform, first, setting, says):
    for chosen, expected in (({}, b""), (setting, b"\x40\x02\x00\x05")):
        platform, party, wire = session(make_platform, **chosen)
        topic = text(f"/{party.product.key}/{party.name}/user/update")
        with wire:
            assert wire.ask(packet(first, topic + b"\x00\x05x")) == expected
        if not chosen:
            assert says in platform.expect("protocol_error", timeout=0).reason


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (b"\x10\x00", "packet type 1"),
        (b"\x50\x02\x00\x01", "packet type 5"),
        (b"\x30\xff\xff\xff\xff", "four bytes"),
        (b"\x30\xff\xff\x7f", "too long"),
        (b"\x30\x01\x00", "inside a field"),
    ],
)
def test_protocol_violation_ends_the_session(platform: Platform, online: Wire, wrong, says):
    online.send(wrong)
    assert online.read() == b""
    assert says in platform.expect("protocol_error", timeout=0).reason


def test_first_packet_must_be_connect(platform: Platform):
    with Wire.tls(platform) as wire:
        assert wire.ask(PING) == b""
    assert platform.expect("protocol_error", timeout=0).reason == "the first packet is not CONNECT"


def test_pipelined_packets_are_handled_after_the_connack(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        wire.send(party.log_in(), post(party, {"a": 1}, qos=1, packet_id=3), PING)
        assert [wire.read() for _ in "12"] == [ACCEPTED, b"\x40\x02\x00\x03"]
        assert wire.read_publish()[1]["code"] == 200
        assert wire.read() == PONG


def test_larger_payload_ends_session_before_it_arrives(party: Party, online: Wire):
    topic = f"/{party.product.key}/{party.name}/user/update"
    large = publish(topic, b"x" * 256 * 1024, qos=1, packet_id=1)
    assert online.ask(large) == b"\x40\x02\x00\x01"
    online.send(publish(topic, b"x" * 260 * 1024)[:1000])
    assert online.read() == b""


# Keepalive, by a clock that only the test moves.


def test_session_ends_after_1_5_silent_keepalives(
    platform: Platform, party: Party, clock: ManualClock
):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in(keepalive=100))
        clock.advance(149.9)
        assert platform.console.device(party.product.key, party.name).status == "Online"
        clock.advance(0.1)
        assert platform.console.device(party.product.key, party.name).status == "Offline"
        assert wire.read() == b""
    offline = platform.expect("offline", timeout=0)
    assert offline.reason == "no packet for 1.5 keepalives"
    assert offline.time == clock.time()


def test_every_packet_restarts_the_keepalive_time(
    platform: Platform, party: Party, clock: ManualClock
):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in(keepalive=100))
        for _ in range(20):
            clock.advance(140)
            assert wire.ask(PING) == PONG
        clock.advance(150)
        assert wire.read() == b""


def test_packets_of_platform_do_not_restart_keepalive_time(
    platform: Platform, party: Party, clock: ManualClock
):
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in(keepalive=100))
        wire.send(post(party, {"a": 1}))
        wire.read_publish()
        clock.advance(150)
        assert wire.read() == b""


def test_setting_sweep_seconds_delays_the_keepalive_end(make_platform):
    clock = ManualClock()
    platform = make_platform(clock=clock, settings=Settings(sweep_seconds=30))
    product = platform.console.create_product()
    party = Party.of(product, platform.console.add_device(product.key, "dev-1"))
    with Wire.tls(platform) as wire:
        wire.ask(party.log_in(keepalive=100))
        clock.advance(179)
        assert platform.console.device(product.key, "dev-1").status == "Online"
        clock.advance(1)
        assert platform.console.device(product.key, "dev-1").status == "Offline"


def test_device_posts_over_plain_tcp(platform: Platform, party: Party):
    content = f"clientIdcdeviceName{party.name}productKey{party.product.key}"
    with Wire.plain(platform) as wire:
        login = connect(
            "c|securemode=3,signmethod=hmacsha1|",
            party.user,
            sign(party.device_secret, content, "sha1"),
        )
        assert wire.ask(login) == ACCEPTED
        wire.send(post(party, {"a": 1}))
        assert wire.read_publish()[1]["id"] == "1"
