"""Recorded bytes as a person reads them."""

from __future__ import annotations

import pytest

from alink_sim.platform.console.packets import packets
from alink_sim.platform.mqtt import framing
from alink_sim.platform.state.masking import Mask
from alink_sim.platform.state.packet_trace import KEPT_BYTES, PacketTrace, crossings
from tests.platform.wire import publish

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def trace():
    trace = PacketTrace(now=lambda: 5.0)
    trace.is_on = True
    return trace


def shown(trace):
    mask = Mask()
    mask.learn(SECRET)
    return [one for kept in crossings(trace.packets) for one in packets(kept, mask.hide)]


def test_trace_that_is_off_keeps_nothing():
    assert PacketTrace(now=lambda: 5.0).connection(secure=True) is None


def test_packets_sent_together_are_shown_one_by_one(trace):
    connection = trace.connection(secure=True)
    connection.down(framing.connack(0) + framing.publish("/ext/regnwl", b"{}", qos=0, packet_id=0))
    first, second = shown(trace)
    assert (first.kind, first.code, first.is_up) == ("CONNACK", 0, False)
    assert (second.kind, second.topic, second.text) == ("PUBLISH", "/ext/regnwl", "{}")
    assert second.size == 2


def test_publish_from_a_device_tells_size_and_qos(trace):
    connection = trace.connection(secure=True)
    packet = publish("/a/b", b"x" * 5000, qos=1, packet_id=7)
    connection.up(packet[0], packet[3:])
    (only,) = shown(trace)
    assert (only.topic, only.qos, only.is_up) == ("/a/b", 1, True)
    assert only.size == 5000
    assert only.text.endswith("x …")


@pytest.mark.parametrize("kept", range(len(SECRET) + 1))
def test_cut_secret_is_not_shown(trace, kept):
    connection = trace.connection(secure=True)
    filler = KEPT_BYTES - len("..") - len("/a/b") - kept - 1
    packet = publish("/a/b", b"x" * filler + b" " + SECRET.encode() + b" " * 3000)
    connection.up(packet[0], packet[3:])
    (only,) = shown(trace)
    assert SECRET[:4] not in only.text


@pytest.mark.parametrize("data", [b"\x30", b"\x30\x80", b"\x30\xff\xff\xff\x7f", b"\x20\x02"])
def test_malformed_bytes_are_shown_all_the_same(trace, data):
    connection = trace.connection(secure=False)
    connection.down(data)
    connection.up(0x10, data)
    assert len(shown(trace)) == 2


def test_acknowledgments_stay_among_the_first_packets_only(trace):
    connection = trace.connection(secure=True)
    for number in range(100):
        connection.down(framing.puback(number + 1))
    assert len(trace.packets) == len(connection.first) == 30
