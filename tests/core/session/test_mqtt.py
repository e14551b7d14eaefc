"""mqtt.py: literal packets, packet ids that never run out."""

import fakes
from alink.errors import ProtocolError, TransportError
from alink.session.mqtt import MQTTClient
from check import raises


def _client(incoming=b"", chunk=None):
    messages, acks = [], []
    connection = fakes.Connection(incoming, chunk)
    client = MQTTClient(
        connection,
        lambda topic, payload: messages.append((topic, payload)),
        lambda packet_id, codes: acks.append((packet_id, codes)),
    )
    return client, connection, messages, acks


def test_subscribe_carries_several_filters_and_lengths_above_127():
    client, connection, _, acks = _client()
    assert client.subscribe([b"a" * 128, b"b"]) == 1
    assert connection.sent == [b"\x82\x89\x01\x00\x01\x00\x80" + b"a" * 128 + b"\x01\x00\x01b\x01"]
    connection.incoming = b"\x90\x04\x00\x01\x01\x80"
    client.check_msg()
    assert acks == [(1, b"\x01\x80")]


def test_packet_ids_wrap_and_skip_those_in_flight():
    client, connection, _, acks = _client()
    assert client.publish(b"t", b"m", qos=1) == 1
    client.pid = 65534
    assert client.publish(b"t", b"m", qos=1) == 65535
    assert client.publish(b"t", b"m", qos=1) == 2
    assert connection.sent[-1] == b"\x32\x06\x00\x01t\x00\x02m"
    connection.incoming = b"\x40\x02\x00\x01"
    client.check_msg()
    assert acks == [(1, b"")]
    client.pid = 65535
    assert client.publish(b"t", b"m", qos=1) == 1


def test_duplicate_acknowledgment_is_ignored():
    client, connection, _, acks = _client()
    client.publish(b"t", b"m", qos=1)
    connection.incoming = b"\x40\x02\x00\x01\x40\x02\x00\x01\x40\x02\x00\x63"
    client.check_msg()
    assert acks == [(1, b"")]


def test_a_publish_inside_the_callback_does_not_nest():
    client, connection, _, _ = _client(fakes.publish(b"t", b"outer", 1, 5))
    client.set_callback(lambda topic, payload: client.publish(b"t", b"inner", qos=1))
    client.check_msg()
    assert connection.sent == [b"\x32\x0a\x00\x01t\x00\x01inner", b"\x40\x02\x00\x05"]


def test_disconnect_never_raises():
    client, connection, _, _ = _client()

    def send(view):
        raise TransportError("gone")

    connection.send = send
    client.disconnect()
    assert connection.closed


def test_disconnect_says_so_first():
    client, connection, _, _ = _client()
    client.disconnect()
    assert connection.sent == [b"\xe0\x00"]
    assert connection.closed


def test_an_unexpected_packet_is_a_protocol_error():
    client, _, _, _ = _client(b"\x50\x02\x00\x01")
    raises(ProtocolError, client.check_msg)


def test_subscribe_without_heap_frees_packet_id():
    client, _, _, _ = _client()

    def short(*_):
        raise MemoryError

    with fakes.Steps(subscribe=short):
        raises(MemoryError, client.subscribe, [b"a/b"])
    assert not client.in_flight
