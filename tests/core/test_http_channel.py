"""http_channel.py: the token's request, its renewal, and each code that is an error."""

import json

import fakes
from alink.errors import ProtocolError, RefusedError, TransportError
from alink.http_channel import HttpChannel, auth_body
from check import raises

FIELDS = {"ProductKey": b"pk", "DeviceName": b"device", "DeviceSecret": b"secret"}
TOKEN = b'{"code":0,"message":"success","info":{"token":"%s"}}'
DONE = b'{"code":0,"message":"success","info":{"messageId":892687627916247040}}'


class Server:
    """Gives its responses in turn, each on a new connection; keeps the requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def dial(self, where, tls, feed):
        body = self.answers.pop(0)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection = fakes.Connection(head + body)
        connection.sent = self.asked
        return connection


def channel(fields=FIELDS):
    made = HttpChannel(None, None, None)
    made.product_key, made.device_name = "pk", "device"
    made.fields = fields
    made._where = ("iot.example", 443)
    return made


def publish(made, server, topic="user/update", payload=b"hello"):
    with fakes.Steps(dial=server.dial):
        return made.publish(topic, payload)


def test_token_is_requested_once_and_sent_with_messages():
    server = Server(TOKEN % b"t1", DONE, DONE)
    made = channel()
    assert publish(made, server) == 892687627916247040
    publish(made, server, "/whole/topic", b"")
    head = b" HTTP/1.0\r\nHost: iot.example\r\n"
    assert server.asked[0].startswith(b"POST /auth" + head)
    message = b"Content-Type: application/octet-stream\r\npassword: t1\r\n"
    assert server.asked[1] == (
        b"POST /topic/pk/device/user/update" + head + message + b"Content-Length: 5\r\n\r\nhello"
    )
    assert server.asked[2].startswith(b"POST /topic/whole/topic" + head + message)


def test_token_request_is_signed_with_the_device_secret():
    # The content is clientId{pk.device}deviceName{device}productKey{pk}.
    for method, sign in (
        (b"hmacmd5", "8117cb4cbcedaa4e856e912efe2f404a"),
        (b"hmacsha1", "86ca7e4da4be16a74f5f49a7ce8a77380b58e887"),
        (b"hmacsha256", "b37eea641fa64792bc814a8dbde9fd0c10382605619b017f96e894993984f154"),
    ):
        with fakes.Steps(is_set=lambda: False):
            body = json.loads(auth_body(dict(FIELDS, SignMethod=method)).decode())
        assert body == {
            "productKey": "pk",
            "deviceName": "device",
            "clientId": "pk.device",
            "signmethod": method.decode(),
            "sign": sign,
        }, body


def test_token_request_signs_a_set_clock():
    with fakes.Steps(is_set=lambda: True, milliseconds=lambda: b"1800000000000"):
        body = json.loads(auth_body(FIELDS).decode())
    assert body["timestamp"] == "1800000000000"
    assert body["sign"] == "792a1b4d219ef8b173f849952eb5d2371b329f82b61e5c5ebf1c3d56d445a156"


def test_expired_token_is_renewed_once():
    for code in (20001, 20003):
        made = channel()
        server = Server(TOKEN % b"t1", DONE)
        publish(made, server)
        server = Server(b'{"code":%d,"message":"m"}' % code, TOKEN % b"t2", DONE)
        publish(made, server)
        assert len(server.asked) == 3
        assert b"password: t1\r\n" in server.asked[0]
        assert b"password: t2\r\n" in server.asked[2]
        no = b'{"code":%d,"message":"m"}' % code
        assert raises(RefusedError, publish, made, Server(no, TOKEN % b"t3", no)).code == code


def test_each_code_is_an_error_that_names_it():
    for code in (10000, 10001, 20002, 30001, 40000):
        server = Server(TOKEN % b"t", b'{"code":%d,"message":"because"}' % code)
        error = raises(RefusedError, publish, channel(), server)
        assert error.code == code
        assert "message of pk/device over HTTPS refused, code %d (because)" % code in str(error)
    for code in (10000, 10001, 20000, 20004, 40000):
        server = Server(b'{"code":%d,"message":"because"}' % code)
        error = raises(RefusedError, publish, channel(), server)
        assert "login of pk/device over HTTPS refused, code %d" % code in str(error)
    assert "send less often" in str(error)


def test_malformed_responses_raise_protocol_error():
    for body in (b"", b"not json", b"[]", b'{"code":"0"}'):
        raises(ProtocolError, publish, channel(), Server(body))
    for body in (b'{"code":0}', b'{"code":0,"info":{}}', b'{"code":0,"info":[]}'):
        raises(ProtocolError, publish, channel(), Server(body))
        raises(ProtocolError, publish, channel(), Server(TOKEN % b"t", body))


def test_unsendable_message_is_refused_before_any_request():
    raises(ValueError, publish, channel(), Server(), "user/update", bytes(131073))
    made = channel()
    made._where = None
    raises(TransportError, publish, made, Server())


def test_token_with_line_end_enters_no_request():
    for token in (b"t\\r\\nX: y", b"t t", b"t\\u0000"):
        server = Server(TOKEN % token, DONE)
        assert "not printable" in str(raises(ProtocolError, publish, channel(), server))
        assert len(server.asked) == 1
    raises(ProtocolError, publish, channel(), Server(b'{"code":0,"info":{"token":5}}'))
