"""register.py: the request, accepted pushes and refused pushes."""

import json

import fakes
from alink.boot.connect_fields import registration
from alink.boot.register import register
from alink.errors import ProtocolError, RefusedError, TransportError
from check import raises

CERTIFICATE = {
    "ProductKey": b"a1B2c3D4e5F",
    "ProductSecret": b"Pr0dSecretAbCdEf",
    "DeviceName": b"esp32-240AC4A1B2C3",
}
LOGIN = (b"c", b"u", b"p")
WHO = {"productKey": "a1B2c3D4e5F", "deviceName": "esp32-240AC4A1B2C3"}


def _push(topic=b"/ext/register", qos=0, **members):
    body = dict(WHO)
    body.update(members)
    return fakes.CONNACK + fakes.publish(topic, json.dumps(body).encode(), qos)


def _register(incoming, method=b"register", certificate=CERTIFICATE, chunk=None, **settings):
    connection = fakes.Connection(incoming, chunk)
    login = registration(certificate, method, **settings)
    return connection, register(connection, certificate, method, login)


def _connect_of(connection):
    packet = connection.sent[0]
    at = 2 if packet[1] < 128 else 3
    texts, at = [], at + 10
    while at < len(packet):
        size = packet[at] << 8 | packet[at + 1]
        texts.append(packet[at + 2 : at + 2 + size])
        at += 2 + size
    return texts


def test_register_returns_secret_and_leaves_connection_open():
    connection, answer = _register(_push(deviceSecret="ds"))
    assert answer["DeviceSecret"] == b"ds"
    assert not connection.closed


def test_regnwl_returns_the_pair_on_either_topic():
    for topic in (b"/ext/regnwl", b"/ext/register"):
        push = _push(topic, clientId="cid", deviceToken="tok")
        _, answer = _register(push, b"regnwl")
        assert answer["ClientID"] == b"cid"
        assert answer["DeviceToken"] == b"tok"


def test_a_credential_carries_what_a_login_needs():
    certificate = dict(CERTIFICATE, Host=b"iot.example", Port=b"\xb3\x22", Method=b"regnwl")
    push = _push(b"/ext/regnwl", clientId="cid", deviceToken="tok")
    _, made = _register(push, b"regnwl", certificate)
    assert made == {
        "ProductKey": b"a1B2c3D4e5F",
        "DeviceName": b"esp32-240AC4A1B2C3",
        "Host": b"iot.example",
        "Port": b"\xb3\x22",
        "ClientID": b"cid",
        "DeviceToken": b"tok",
    }


def test_qos_1_push_is_acknowledged_byte_by_byte():
    connection, _ = _register(_push(qos=1, deviceSecret="ds"), chunk=1)
    assert connection.sent[-1] == b"\x40\x02\x00\x07"


def test_the_connect_is_signed_with_the_product_secret():
    from alink.sign import hmac, register_content

    for method, mode in ((b"register", b"2"), (b"regnwl", b"-2")):
        push = _push(deviceSecret="ds")
        connection, _ = _register(push, method, dict(CERTIFICATE, InstanceId=b"iot-06z00abc"))
        client_id, user, password = _connect_of(connection)
        name, extension, _ = client_id.split(b"|")
        parts = dict([part.split(b"=") for part in extension.split(b",")])
        assert name == b"esp32-240AC4A1B2C3.a1B2c3D4e5F"
        assert parts[b"securemode"] == mode
        assert parts[b"authType"] == method
        assert parts[b"instanceId"] == b"iot-06z00abc"
        assert parts[b"signmethod"] == b"hmacsha256"
        assert user == b"esp32-240AC4A1B2C3&a1B2c3D4e5F"
        content = register_content(b"esp32-240AC4A1B2C3", b"a1B2c3D4e5F", parts[b"random"])
        assert password == hmac(b"hmacsha256", b"Pr0dSecretAbCdEf", content)


def test_securemode_can_be_replaced():
    connection, _ = _register(_push(deviceSecret="ds"), b"regnwl", securemode=2)
    assert b"|securemode=2," in _connect_of(connection)[0]


def test_two_registrations_never_use_the_same_random():
    seen = set()
    for _ in range(8):
        connection, _ = _register(_push(deviceSecret="ds"))
        seen.add(_connect_of(connection)[0])
    assert len(seen) == 8


def test_a_refusal_says_what_to_check():
    connection = fakes.Connection(b"\x20\x02\x00\x04")
    error = raises(RefusedError, register, connection, CERTIFICATE, b"register", LOGIN)
    assert error.code == 4
    assert "a1B2c3D4e5F/esp32-240AC4A1B2C3" in str(error)
    assert "ProductSecret" in str(error) and "Pr0dSecretAbCdEf" not in str(error)


def test_missing_push_after_connack_raises_transport_error():
    connection = fakes.Connection(fakes.CONNACK)
    raises(TransportError, register, connection, CERTIFICATE, b"register", LOGIN)


def test_answers_that_are_not_ours_are_protocol_errors():
    for push in (
        _push(b"/ext/other", deviceSecret="ds"),
        _push(),
        _push(deviceName="somebody-else", deviceSecret="ds"),
        _push(productKey="otherPk", deviceSecret="ds"),
        fakes.CONNACK + fakes.publish(b"/ext/register", b"not json"),
        fakes.CONNACK + fakes.publish(b"/ext/register", b"[]"),
        _push(deviceSecret=5),
        _push(deviceSecret=""),
        _push(deviceSecret="x" * 65),
        _push(clientId="cid"),
        _push(deviceToken="tok"),
        _push(deviceSecret="d s"),
        _push(deviceSecret="ds\r\n"),
        _push(deviceSecret="\x7f"),
        _push(deviceSecret="\u00e9"),
        _push(clientId="c\x00id", deviceToken="tok"),
        _push(clientId="cid", deviceToken="t\tok"),
    ):
        connection = fakes.Connection(push)
        raises(ProtocolError, register, connection, CERTIFICATE, b"register", LOGIN)
