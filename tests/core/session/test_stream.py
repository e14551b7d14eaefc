"""stream.py under unmodified umqtt.simple: each of umqtt's faults that it takes away."""

from umqtt.simple import MQTTClient

import fakes
from alink.errors import ProtocolError, TransportError
from alink.session import stream
from alink.session.stream import Stream
from check import raises


def _client(incoming=b"", chunk=None, max_packet=4096):
    packets = []
    connection = fakes.Connection(incoming, chunk)
    client = MQTTClient(b"id", "host")
    client.sock = Stream(connection, lambda first, body: packets.append((first, body)), max_packet)
    messages = []
    client.set_callback(lambda topic, payload: messages.append((topic, payload)))
    return client, connection, messages, packets


def test_a_publish_leaves_in_one_write():
    client, connection, _, _ = _client()
    client.publish(b"topic", b"payload")
    assert connection.sent == [b"\x30\x0e\x00\x05topicpayload"]


def test_long_publish_is_one_write_and_buffer_shrinks():
    client, connection, _, _ = _client()
    client.publish(b"t", b"x" * 3000)
    assert connection.sent == [b"\x30\xbb\x17\x00\x01t" + b"x" * 3000]
    client.publish(b"t", b"y")
    assert connection.sent[1] == b"\x30\x04\x00\x01ty"


def test_qos_1_publish_returns_before_the_puback():
    client, connection, _, packets = _client()
    connection.answers[0x32] = b"\x40\x02\x00\x01"
    client.publish(b"t", b"m", qos=1)
    assert packets == []
    client.check_msg()
    assert packets == [(0x40, b"\x00\x01")]


def test_check_msg_without_data_returns_none():
    client, _, messages, _ = _client()
    assert client.check_msg() is None
    assert messages == []


def test_one_byte_at_a_time_never_blocks():
    wire = fakes.publish(b"t/1", b"hello") + b"\xd0\x00" + fakes.publish(b"t/2", b"", 1, 9)
    client, connection, messages, packets = _client(wire, chunk=1)
    calls = 0
    while connection.incoming or not messages or messages[-1][0] != b"t/2":
        client.check_msg()
        calls += 1
        assert calls < 100
    assert messages == [(b"t/1", b"hello"), (b"t/2", b"")]
    assert packets == [(0xD0, b"")]
    assert connection.waits == 0
    assert connection.sent == [b"\x40\x02\x00\x09"]


def test_every_split_yields_the_same_messages():
    wire = fakes.publish(b"topic", b"x" * 300, 1, 300) + fakes.publish(b"b", b"y")
    for chunk in range(1, 40):
        client, _, messages, _ = _client(wire, chunk)
        while len(messages) < 2:
            client.check_msg()
        assert messages == [(b"topic", b"x" * 300), (b"b", b"y")], chunk


def test_foreign_acknowledgment_between_messages_is_an_event():
    wire = b"\x90\x03\x00\x05\x01" + fakes.publish(b"t", b"m") + b"\x40\x02\x00\x07"
    client, _, messages, packets = _client(wire)
    client.check_msg()
    client.check_msg()
    assert messages == [(b"t", b"m")]
    assert packets == [(0x90, b"\x00\x05\x01"), (0x40, b"\x00\x07")]


def test_an_oversized_packet_is_drained_acknowledged_and_named():
    wire = fakes.publish(b"big", b"x" * 5000, 1, 0x1234) + fakes.publish(b"t", b"after")
    for chunk in (None, 1, 100):
        client, connection, messages, _ = _client(wire, chunk)
        while not messages:
            client.check_msg()
        assert messages == [(b"t", b"after")]
        assert connection.sent == [b"\x40\x02\x12\x34"]
        assert client.sock.lost == (b"big",)


def test_oversized_packet_without_topic_is_dropped():
    client, _, messages, _ = _client(b"\x90\xe8\x07" + b"x" * 1000, max_packet=512)
    client.check_msg()
    assert client.sock.lost == ()
    client.sock.connection.incoming = fakes.publish(b"t", b"after")
    client.check_msg()
    assert messages == [(b"t", b"after")]


def test_message_without_heap_counts_as_too_long():
    wire = fakes.publish(b"big", b"x" * 900, 1, 0x1234) + fakes.publish(b"t", b"after")
    client, connection, messages, _ = _client(wire)
    stream.bytearray = _short  # In place of the built-in one.
    try:
        while not messages:
            client.check_msg()
    finally:
        del stream.bytearray
    assert messages == [(b"t", b"after")]
    assert connection.sent == [b"\x40\x02\x12\x34"]
    assert client.sock.lost == (b"big",)


def test_message_without_umqtt_heap_is_discarded():
    wire = fakes.publish(b"big", b"x" * 900, 1, 0x1234) + fakes.publish(b"t", b"after")
    client, connection, messages, _ = _client(wire)
    stream.bytes = _short
    try:
        raises(MemoryError, client.check_msg)
    finally:
        del stream.bytes
    client.sock.discard()
    assert client.sock.lost == (b"big",)
    assert connection.sent == [b"\x40\x02\x12\x34"]
    client.check_msg()
    assert messages == [(b"t", b"after")]
    raises(MemoryError, client.sock.discard)  # No message is half read: something else was short.


def _short(what):
    if (what if isinstance(what, int) else len(what)) > 256:
        raise MemoryError
    return bytes(what) if isinstance(what, memoryview) else bytearray(what)


def test_end_of_connection_raises_transport_error():
    client, connection, _, _ = _client()
    connection.error = TransportError("closed")
    raises(TransportError, client.check_msg)


def test_qos_2_and_false_lengths_raise_protocol_error():
    for wire in (
        b"\x34\x05\x00\x01t\x00\x01",
        b"\x30\x03\x00\x05t",
        b"\x32\x03\x00\x01t",
        b"\x30\xff\xff\xff\xff\x01",
    ):
        client, _, _, _ = _client(wire)
        raises(ProtocolError, client.check_msg)
