"""Scripted faults of whole connections, byte for byte, and their selectors."""

from __future__ import annotations

import ssl
import threading

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Fault, FaultError, Platform, Product
from tests.platform.wire import ACCEPTED, Party, Wire, publish, refused
from tests.waiting import PATIENCE

PING, PONG = b"\xc0\x00", b"\xd0\x00"


def struck(platform: Platform) -> list[str]:
    return [event.reason for event in platform.events(kind="fault")]


def test_connection_without_faults_is_unchanged(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
    assert struck(platform) == []


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 255])
def test_a_refusal_has_its_code_and_changes_nothing(platform: Platform, party: Party, code: int):
    platform.faults.add(Fault.refuse(code))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == refused(code)
        assert wire.read() == b""
    event = platform.expect("registration_refused", timeout=0)
    assert (event.detail["connack"], event.reason) == (code, "a scripted fault refuses it")
    assert struck(platform) == [f"refuse(code={code})"]
    platform.faults.clear()
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED


def test_mute_platform_reads_but_sends_nothing(
    platform: Platform, party: Party, clock: ManualClock
):
    platform.faults.add(Fault.mute())
    with Wire.tls(platform) as wire:
        said = publish(f"/{party.product.key}/{party.name}/user/a", b"hello")
        wire.send(party.log_in(keepalive=60), PING, said)
        platform.expect("published")
        clock.advance(91)
        assert wire.read_part() == b""
    assert platform.expect("offline", timeout=0).reason == "no packet for 1.5 keepalives"
    assert struck(platform) == ["mute()"]


def test_platform_goes_mute_at_chosen_packet(platform: Platform, party: Party, clock: ManualClock):
    platform.faults.add(Fault.mute("pingresp"))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        wire.send(PING)
        platform.expect("fault")
        clock.advance(91)
        assert wire.read_part() == b""


def test_cleared_faults_leave_open_connections_too(platform: Platform, party: Party):
    platform.faults.add(Fault.mute())
    with Wire.tls(platform) as wire:
        wire.send(party.log_in())
        platform.expect("online")
        platform.faults.clear()
        assert wire.ask(PING) == PONG


def test_mute_fault_leaves_handshake_unanswered(
    platform: Platform, party: Party, clock: ManualClock
):
    platform.faults.add(Fault.mute("tls"), connection=1)
    with Wire.plain(platform) as wire:
        wire.send(b"\x16")  # The first byte of a TLS record.
        platform.expect("fault")
        clock.advance(15)
        assert wire.read_part() == b""
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def test_a_handshake_that_begins_late(platform: Platform, party: Party, clock: ManualClock):
    platform.faults.add(Fault.delay("tls", seconds=10))
    dialled: list[Wire] = []
    thread = threading.Thread(target=lambda: dialled.append(Wire.tls(platform)))
    thread.start()
    platform.expect("fault")
    platform.console.products()  # Back from the loop: the timer runs.
    assert not dialled
    clock.advance(10)
    thread.join(PATIENCE)
    with dialled[0] as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


def test_a_connection_cut_before_its_handshake(platform: Platform, party: Party):
    platform.faults.add(Fault.cut("tls"), times=1)
    with pytest.raises((ConnectionError, ssl.SSLEOFError)):
        Wire.tls(platform)
    assert platform.expect("connection_failed").reason == "cut by a scripted fault"
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED


@pytest.mark.parametrize(
    ("at", "part"), [(0, b""), (1, b"\x20"), (3, b"\x20\x02\x00"), (99, b"\x20\x02\x00\x00")]
)
def test_a_connection_cut_inside_a_connack(platform: Platform, party: Party, at, part):
    platform.faults.add(Fault.cut("connack", at=at))
    with Wire.plain(platform) as wire:
        wire.send(party.log_in().replace(b"securemode=2", b"securemode=3"))
        got = b""
        while more := wire.read_part():
            got += more
    assert got == part
    assert platform.expect("offline").reason == "cut inside a CONNACK"


def test_a_connection_cut_inside_a_pushed_answer(platform: Platform, party: Party):
    platform.faults.add(Fault.cut("publish", at=19))
    with Wire.tls(platform) as wire:
        assert wire.ask(party.register()) == ACCEPTED
        assert wire.read_part()[2:] == b'\x00\x0d/ext/register{"'
        assert wire.read_part() == b""


def test_half_open_ends_session_without_notice(
    platform: Platform, party: Party, clock: ManualClock
):
    platform.faults.add(Fault.half_open(), connection=1)
    with Wire.tls(platform) as first:
        assert first.ask(party.log_in()) == ACCEPTED
        assert platform.expect("offline").reason == "half-open behind a CONNACK"
        first.send(PING)
        with Wire.tls(platform) as second:
            assert second.ask(party.log_in()) == ACCEPTED
            clock.advance(89)
            assert second.ask(PING) == PONG
        assert platform.events(kind="kicked") == []
        platform.stop()  # Only now does it end, and there was never a PINGRESP.
        assert first.read_part() == b""


# Whom a fault strikes


def test_another_device_and_another_product_are_left_alone(
    platform: Platform, product: Product, party: Party
):
    other = Party.of(product, platform.console.add_device(product.key, "dev-2"))
    elsewhere = platform.console.create_product()
    namesake = Party.of(elsewhere, platform.console.add_device(elsewhere.key, party.name))
    platform.faults.add(Fault.refuse(3), product=product.key, device=party.name)
    for device, answer in ((party, refused(3)), (other, ACCEPTED), (namesake, ACCEPTED)):
        with Wire.tls(platform) as wire:
            assert wire.ask(device.log_in()) == answer


def test_fault_on_product_applies_to_every_device(
    platform: Platform, product: Product, party: Party
):
    other = Party.of(product, platform.console.add_device(product.key, "dev-2"))
    platform.faults.add(Fault.refuse(5), product=product.key)
    for device in (party, other):
        with Wire.tls(platform) as wire:
            assert wire.ask(device.log_in()) == refused(5)


def test_connections_count_per_device_from_scripting(
    platform: Platform, product: Product, party: Party
):
    other = Party.of(product, platform.console.add_device(product.key, "dev-2"))
    for device in (party, other):
        with Wire.tls(platform) as wire:
            assert wire.ask(device.log_in()) == ACCEPTED
    platform.faults.add(Fault.refuse(3), device=party.name, connection=2)
    answers = []
    for device in (party, other, other, party, party):
        with Wire.tls(platform) as wire:
            answers.append(wire.ask(device.log_in()))
    assert answers == [ACCEPTED, ACCEPTED, ACCEPTED, refused(3), ACCEPTED]


def test_fault_strikes_as_often_as_scripted(platform: Platform, party: Party):
    platform.faults.add(Fault.refuse(3), times=2)
    answers = []
    for _ in range(3):
        with Wire.tls(platform) as wire:
            answers.append(wire.ask(party.log_in()))
    assert answers == [refused(3), refused(3), ACCEPTED]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Fault.refuse(0), "code is 0; allowed range is 1 to 255"),
        (lambda: Fault.cut(at=-1), "at is -1; allowed range is 0 to"),
        (lambda: Fault.drop("tls"), "packet is 'tls'; use connack, publish, "),
        (lambda: Fault.mute("hello"), "packet is 'hello'; use connack, "),
        (lambda: Fault.malformed(data=b""), "data is empty: to send nothing, drop the packet"),
        (lambda: Fault.oversized(0), "size is 0; allowed range is 1 to"),
        (lambda: Fault.wrong_topic(""), "topic is 0 characters; allowed range is 1 to 65535"),
        (lambda: Fault.dribble(seconds=-1), "seconds is -1; the minimum is 0"),
    ],
)
def test_impossible_fault_is_refused_at_once(make, says):
    with pytest.raises(FaultError, match=says):
        make()


def test_fault_on_unknown_device_is_refused(platform: Platform):
    with pytest.raises(FaultError, match="before a device has said who it is: choose it by conn"):
        platform.faults.add(Fault.mute("tls"), device="dev-1")
    with pytest.raises(FaultError, match="connection is 0; the minimum is 1"):
        platform.faults.add(Fault.mute(), connection=0)


def test_fault_events_hold_no_secret(platform: Platform, party: Party):
    platform.faults.add(Fault.dribble())
    with Wire.tls(platform) as wire:
        wire.ask(party.register())
        pushed = wire.read_publish()[1]["deviceSecret"]
    text = "".join(repr(event) for event in platform.events())
    assert pushed not in text
    assert party.product.secret not in text
