"""packets.py: literal packets, typed refusals, and no byte more than the packet has."""

import fakes
from alink.errors import ProtocolError, RefusedError, TransportError
from alink.session.packets import connect, register
from check import raises

LOGIN = (b"c", b"u", b"p")


def test_connect_is_one_literal_packet():
    connection = fakes.Connection(fakes.CONNACK)
    connect(connection, (b"cid|x|", b"dn&pk", b"pw"), 300)
    assert connection.sent == [
        b"\x10\x1d\x00\x04MQTT\x04\xc2\x01\x2c\x00\x06cid|x|\x00\x05dn&pk\x00\x02pw"
    ]


def test_push_in_segment_of_connack_is_kept():
    pushed = fakes.publish(b"/ext/register", b"{}", 1)
    connection = fakes.Connection(fakes.CONNACK + pushed)
    connect(connection, LOGIN, 60)
    assert connection.incoming == pushed


def test_connack_byte_by_byte_is_awaited():
    connection = fakes.Connection(fakes.CONNACK, chunk=1)
    connect(connection, LOGIN, 60)
    assert connection.waits > 0


def test_each_refusal_has_its_code():
    for code in range(1, 7):
        connection = fakes.Connection(bytes((0x20, 2, 0, code)))
        error = raises(RefusedError, connect, connection, LOGIN, 60)
        assert error.code == code
        assert str(error)


def test_refusal_counts_although_the_connection_ends():
    connection = fakes.Connection(b"\x20\x02\x00\x05")
    connection.error = TransportError("closed")
    assert raises(RefusedError, connect, connection, LOGIN, 60).code == 5


def test_a_mute_server_is_a_transport_error():
    error = raises(TransportError, connect, fakes.Connection(), LOGIN, 60)
    assert str(error) == "iot.example:8883 does not answer CONNECT"


def test_a_message_before_connack_is_a_protocol_error():
    connection = fakes.Connection(fakes.publish(b"t", b"m") + fakes.CONNACK)
    error = raises(ProtocolError, connect, connection, LOGIN, 60)
    assert str(error) == "a message came before CONNACK"


def test_other_packets_before_connack_are_protocol_errors():
    for wire in (
        b"\x20\x03\x00\x00\x00",
        b"\x40\x02\x00\x01",
        b"\x20\xff\xff\xff\xff\x01",
        b"\x20\x80\x80\x80\x01",
    ):
        raises(ProtocolError, connect, fakes.Connection(wire), LOGIN, 60)


def test_pushed_message_is_acknowledged_and_taken_apart():
    for chunk in (None, 1, 7):
        for qos in (0, 1):
            wire = fakes.CONNACK + fakes.publish(b"/ext/regnwl", b"x" * 300, qos, 0x1234)
            connection = fakes.Connection(wire + b"more", chunk)
            assert register(connection, LOGIN) == (b"/ext/regnwl", b"x" * 300)
            assert connection.sent[1:] == [b"\x40\x02\x12\x34"] * qos
            assert connection.incoming == b"more"


def test_registration_without_reply_is_a_transport_error():
    error = raises(TransportError, register, fakes.Connection(fakes.CONNACK), LOGIN)
    assert str(error) == "iot.example:8883 accepted, but sent no reply"


def test_wrong_pushed_message_is_a_protocol_error():
    for wire in (
        b"\x34\x05\x00\x01t\x00\x01",
        b"\x30\x03\x00\x05t",
        b"\x32\x03\x00\x01t",
        b"\x30\x00",
        b"\x30\x81\x20" + bytes(4097),
        b"\xd0\x00",
    ):
        raises(ProtocolError, register, fakes.Connection(fakes.CONNACK + wire), LOGIN)
