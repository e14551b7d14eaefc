"""register_https.py: the form that is sent, the answers that are taken, advice for each code."""

import fakes
from alink.boot import register_https
from alink.errors import ProtocolError, RefusedError, StoreError
from alink.https.platform import endpoint, trust
from alink.sign import hmac, register_content
from check import raises

FIELDS = {
    "ProductKey": b"a1B2c3D4e5F",
    "ProductSecret": b"Pr0dSecretAbCdEf",
    "DeviceName": b"esp32-240AC4A1B2C3",
    "Ca": [b"a private root"],
}
GOOD = (
    b'{"code":200,"data":{"productKey":"a1B2c3D4e5F","deviceName":"esp32-240AC4A1B2C3",'
    b'"deviceSecret":"0123456789abcdef"},"message":"success"}'
)


class _Boot:
    tls = "tls"
    feed = None

    def __init__(self, fields):
        self.fields = fields


def _register(body, fields=FIELDS, status=b"200 OK"):
    head = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection = fakes.Connection(head + body)
    dialled = []

    def dial(where, tls, feed):
        dialled.append((where, tls))
        return connection

    engine = register_https.register(_Boot(fields))
    with fakes.Steps(dial=dial):
        try:
            while True:
                next(engine)
        except StopIteration as end:
            return dialled[0], connection, end.value


def test_https_credential_equals_mqtt_credential():
    fields = dict(FIELDS, Host=b"iot.example", HttpsHost=b"auth.example:8443", Method=b"https")
    where, connection, made = _register(GOOD, fields)
    assert where == (("auth.example", 8443), "tls")
    assert connection.closed
    assert made == {
        "ProductKey": b"a1B2c3D4e5F",
        "DeviceName": b"esp32-240AC4A1B2C3",
        "DeviceSecret": b"0123456789abcdef",
        "Host": b"iot.example",
        "HttpsHost": b"auth.example:8443",
        "Ca": [b"a private root"],
    }


def test_request_goes_to_host_of_the_region():
    (where, _), connection, _ = _register(GOOD, dict(FIELDS, Region=b"ap-southeast-1"))
    assert where == ("iot-auth.ap-southeast-1.aliyuncs.com", 443)
    head, _, body = connection.sent[0].partition(b"\r\n\r\n")
    assert head == (
        b"POST /auth/register/device HTTP/1.0\r\nHost: iot-auth.ap-southeast-1.aliyuncs.com\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(body)
    )
    assert body.startswith(b"productKey=a1B2c3D4e5F&deviceName=esp32-240AC4A1B2C3&random=")


def _form(fields, random):
    content = register_content(fields["DeviceName"], fields["ProductKey"], random)
    method = fields.get("SignMethod", b"hmacsha256")
    return register_https.form(fields, random, hmac(method, fields["ProductSecret"], content))


def test_the_form_is_signed_and_encoded():
    assert _form(FIELDS, b"567345") == (
        b"productKey=a1B2c3D4e5F&deviceName=esp32-240AC4A1B2C3&random=567345"
        b"&sign=a181a25e22032077fe67b0690489e88f216bec90b08b13f1cc425c4ee4d19c49"
        b"&signMethod=hmacsha256"
    )
    marked = dict(FIELDS, DeviceName=b"a:b@c", SignMethod=b"hmacmd5")
    assert b"&deviceName=a%3Ab%40c&" in _form(marked, b"1")
    assert _form(marked, b"1").endswith(b"&signMethod=hmacmd5")


def test_sent_form_is_signed_with_the_product_secret():
    body = _register(GOOD)[1].sent[0].partition(b"\r\n\r\n")[2]
    assert body == _form(FIELDS, body.partition(b"&random=")[2].partition(b"&")[0])


def test_no_random_is_used_twice():
    sent = {_register(GOOD)[1].sent[0] for _ in range(8)}
    assert len(sent) == 8


def test_each_code_is_an_error_with_advice():
    for code, said in (
        (429, "too often"),
        (460, "a field is malformed"),
        (500, "the platform failed"),
        (6100, "add the DeviceName"),
        (6204, "enable the device"),
        (6250, "ProductKey and Region"),
        (6288, "switch dynamic registration"),
        (6289, "reset it in the console"),
        (6292, "another SignMethod"),
        (6600, "the ProductSecret is wrong"),
        (9999, "the platform's log"),
    ):
        error = raises(RefusedError, _register, b'{"code":%d,"message":"because"}' % code)
        assert error.code == code
        text = str(error)
        assert "a1B2c3D4e5F/esp32-240AC4A1B2C3" in text, text
        assert "code %d (because)" % code in text, text
        assert said in text, text
        assert "Pr0dSecretAbCdEf" not in text


def test_answers_that_are_not_ours_are_protocol_errors():
    for body in (
        b"not json",
        b"[]",
        b"{}",
        b'{"code":"200"}',
        b'{"code":200}',
        b'{"code":200,"data":[]}',
        b'{"code":200,"data":{"productKey":"a1B2c3D4e5F"}}',
        b'{"code":200,"data":{"deviceSecret":5}}',
        b'{"code":200,"data":{"deviceSecret":""}}',
        b'{"code":200,"data":{"deviceSecret":"x","deviceName":"other"}}',
        b'{"code":200,"data":{"clientId":"c","deviceToken":"t"}}',
        b" " * 1025,
    ):
        raises(ProtocolError, _register, body)
    raises(ProtocolError, _register, GOOD, FIELDS, b"502 Bad Gateway")


def test_burned_https_host_may_include_a_port():
    assert endpoint({}, b"a.b") == ("a.b", 443)
    assert endpoint({"HttpsHost": b"c.d"}, b"a.b") == ("c.d", 443)
    assert endpoint({"HttpsHost": b"c.d:8443"}, b"a.b") == ("c.d", 8443)
    assert "HttpsHost" in str(raises(StoreError, endpoint, {"HttpsHost": b"c.d:x"}, b"a.b"))


def test_https_port_trusts_the_shipped_globalsign_roots():
    with fakes.Steps(context=len):
        assert trust({}, "mqtt's", 443) == 2  # GlobalSign R1 and R6.
        assert trust({"Ca": [b"x"]}, "mqtt's", 443) == "mqtt's"
