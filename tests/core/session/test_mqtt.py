"""mqtt.py: whole packets in and out, packet ids that never run out, messages that are too long."""

import fakes
from alink.errors import ProtocolError, TransportError
from alink.session import mqtt
from alink.session.mqtt import MQTTClient
from check import raises


class Link:
    """The part of a `Session` that a client uses."""

    def __init__(self, acks, max_packet):
        self.acks = acks
        self.device = self
        self.max_packet = max_packet

    def acknowledged(self, packet_id, codes):
        self.acks.append((packet_id, codes))


def _client(incoming=b"", chunk=None, max_packet=4096):
    acks = []
    connection = fakes.Connection(incoming, chunk)
    return MQTTClient(connection, Link(acks, max_packet)), connection, acks


def _messages(client, count):
    """The next `count` messages, however many calls they take."""
    messages = []
    for _ in range(10000):
        if len(messages) == count:
            return messages
        message = client.receive()
        if message:
            messages.append(message)
    raise AssertionError("%d of %d messages came" % (len(messages), count))


def test_a_publish_leaves_in_one_write():
    client, connection, _ = _client()
    assert client.publish(b"topic", b"payload") == 0
    assert connection.sent == [b"\x30\x0e\x00\x05topicpayload"]


def test_long_publish_is_one_write():
    client, connection, _ = _client()
    for payload in (b"x" * 3000, bytearray(b"x" * 3000), memoryview(b"x" * 3000)):
        client.publish(b"t", payload)
        assert connection.sent.pop() == b"\x30\xbb\x17\x00\x01t" + b"x" * 3000
    client.publish(b"t", b"x" * 124)
    assert connection.sent[0] == b"\x30\x7f\x00\x01t" + b"x" * 124
    client.publish(b"t", b"x" * 125)
    assert connection.sent[1] == b"\x30\x80\x01\x00\x01t" + b"x" * 125


def test_qos_1_publish_returns_before_the_puback():
    client, connection, acks = _client()
    connection.answers[0x32] = b"\x40\x02\x00\x01"
    assert client.publish(b"t", b"m", 1) == 1
    assert acks == []
    assert client.receive() is None
    assert acks == [(1, b"")]


def test_broken_write_closes_the_connection():
    client, connection, _ = _client()
    for error in (TransportError, KeyboardInterrupt):
        connection.closed = False

        def send(view, error=error):
            raise error

        connection.send = send
        raises(error, client.publish, b"t", b"m", 1)
        assert connection.closed
        assert not client.in_flight


def test_subscribe_carries_several_filters_and_lengths_above_127():
    client, connection, acks = _client()
    assert client.subscribe([b"a" * 128, b"b"]) == 1
    assert connection.sent == [b"\x82\x89\x01\x00\x01\x00\x80" + b"a" * 128 + b"\x01\x00\x01b\x01"]
    connection.incoming = b"\x90\x04\x00\x01\x01\x80"
    client.receive()
    assert acks == [(1, b"\x01\x80")]


def test_subscribe_without_heap_frees_packet_id():
    client, _, _ = _client()

    def short(*_):
        raise MemoryError

    with fakes.Steps(subscribe=short):
        raises(MemoryError, client.subscribe, [b"a/b"])
    assert not client.in_flight


def test_packet_ids_wrap_and_skip_those_in_flight():
    client, connection, acks = _client()
    assert client.publish(b"t", b"m", 1) == 1
    client.packet_id = 65534
    assert client.publish(b"t", b"m", 1) == 65535
    assert client.publish(b"t", b"m", 1) == 2
    assert connection.sent[-1] == b"\x32\x06\x00\x01t\x00\x02m"
    connection.incoming = b"\x40\x02\x00\x01"
    client.receive()
    assert acks == [(1, b"")]
    client.packet_id = 65535
    assert client.publish(b"t", b"m", 1) == 1


def test_duplicate_acknowledgment_is_ignored():
    client, connection, acks = _client()
    client.publish(b"t", b"m", 1)
    connection.incoming = b"\x40\x02\x00\x01\x40\x02\x00\x01\x40\x02\x00\x63"
    client.receive()
    assert acks == [(1, b"")]


def test_an_unexpected_packet_is_a_protocol_error():
    client, _, _ = _client(b"\x50\x02\x00\x01")
    raises(ProtocolError, client.receive)


def test_receive_without_data_returns_none():
    client, _, _ = _client()
    assert client.receive() is None


def test_one_byte_at_a_time_never_blocks():
    wire = fakes.publish(b"t/1", b"hello") + b"\xd0\x00" + fakes.publish(b"t/2", b"", 1, 9)
    client, connection, _ = _client(wire, chunk=1)
    assert _messages(client, 2) == [(b"t/1", b"hello"), (b"t/2", b"")]
    assert connection.waits == 0
    assert connection.sent == [b"\x40\x02\x00\x09"]


def test_every_split_yields_the_same_messages():
    wire = fakes.publish(b"topic", b"x" * 300, 1, 300) + fakes.publish(b"b", b"y")
    for chunk in range(1, 40):
        client, _, _ = _client(wire, chunk)
        assert _messages(client, 2) == [(b"topic", b"x" * 300), (b"b", b"y")], chunk


def test_acknowledgments_between_messages_are_taken():
    client, connection, acks = _client()
    client.publish(b"t", b"m", 1)
    client.subscribe([b"t"])
    connection.incoming = b"\x90\x03\x00\x02\x01" + fakes.publish(b"t", b"m") + b"\x40\x02\x00\x01"
    assert client.receive() == (b"t", b"m")
    assert client.receive() is None
    assert acks == [(2, b"\x01"), (1, b"")]


def test_dup_flag_is_that_of_the_last_message():
    again = b"\x3a" + fakes.publish(b"t", b"m", 1)[1:]
    client, _, _ = _client(fakes.publish(b"t", b"m", 1) + again + fakes.publish(b"t", b"m"))
    for duplicate in (False, True, False):
        assert client.receive() == (b"t", b"m")
        assert client.duplicate == duplicate


def test_an_oversized_packet_is_drained_acknowledged_and_named():
    # The longest topic: an RRPC on a custom topic.
    for topic in (b"big", b"/ext/rrpc/1234567890123456789/" + b"t" * 128):
        wire = fakes.publish(topic, b"x" * 5000, 1, 0x1234) + fakes.publish(b"t", b"after")
        for chunk in (None, 1, 100):
            client, connection, _ = _client(wire, chunk)
            assert _messages(client, 2) == [(topic, None), (b"t", b"after")]
            assert connection.sent == [b"\x40\x02\x12\x34"]


def test_oversized_packet_without_topic_is_dropped():
    client, connection, _ = _client(b"\x90\xe8\x07" + b"x" * 1000, max_packet=512)
    assert client.receive() is None
    connection.incoming = fakes.publish(b"t", b"after")
    assert client.receive() == (b"t", b"after")


def test_message_without_heap_counts_as_too_long():
    wire = fakes.publish(b"big", b"x" * 900, 1, 0x1234) + fakes.publish(b"t", b"after")
    for name in ("bytearray", "bytes"):  # Its buffer, its payload.
        client, connection, _ = _client(wire)
        setattr(mqtt, name, _short)  # In place of the built-in one.
        try:
            assert _messages(client, 2) == [(b"big", None), (b"t", b"after")]
        finally:
            delattr(mqtt, name)
        assert connection.sent == [b"\x40\x02\x12\x34"]


def _short(what):
    if (what if isinstance(what, int) else len(what)) > 256:
        raise MemoryError
    return bytes(what) if isinstance(what, memoryview) else bytearray(what)


def test_end_of_connection_raises_transport_error():
    client, connection, _ = _client()
    connection.error = TransportError("closed")
    raises(TransportError, client.receive)


def test_qos_2_and_false_lengths_raise_protocol_error():
    for wire in (
        b"\x34\x05\x00\x01t\x00\x01",
        b"\x30\x03\x00\x05t",
        b"\x32\x03\x00\x01t",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x32\xff\x7f\x01\x00" + b"t" * 400,  # Dropped, and its topic is too long.
    ):
        client, _, _ = _client(wire)
        raises(ProtocolError, client.receive)
