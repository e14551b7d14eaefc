"""login.py, topics.py, envelope.py: literal bytes."""

from alink import envelope, topics
from alink.boot import connect_fields
from alink.errors import ProtocolError
from check import raises

DEVICE = {"ProductKey": b"a1B2c3D4e5F", "DeviceName": b"esp32-240AC4A1B2C3"}


def _fields(**fields):
    made = dict(DEVICE)
    made.update(fields)
    return made


def test_login_with_a_device_secret_is_signed():
    client_id, user, password = connect_fields.login(
        _fields(DeviceSecret=b"0123456789abcdef0123456789abcdef")
    )
    assert client_id == (
        b"a1B2c3D4e5F.esp32-240AC4A1B2C3|securemode=2,signmethod=hmacsha256,"
        b"timestamp=2524608000000,ext=1,lan=MicroPython,_v=alink-0.1.0|"
    )
    assert user == b"esp32-240AC4A1B2C3&a1B2c3D4e5F"
    assert password == b"344eb2e69014a0d620525afd70020367f0ce7cb7a6c792061a5be9b3df92b1f7"


def test_login_follows_the_burned_sign_method():
    client_id, _, password = connect_fields.login(
        _fields(DeviceSecret=b"0123456789abcdef0123456789abcdef", SignMethod=b"hmacmd5")
    )
    assert b"signmethod=hmacmd5," in client_id
    assert password == b"fa84c636daf1663094b9387f0232a2e4"


def test_login_with_a_device_token_signs_nothing():
    client_id, user, password = connect_fields.login(
        _fields(ClientID=b"9rSz33f000112", DeviceToken=b"tok-1")
    )
    assert client_id == (
        b"9rSz33f000112|securemode=-2,authType=connwl,ext=1,lan=MicroPython,_v=alink-0.1.0|"
    )
    assert user == b"esp32-240AC4A1B2C3&a1B2c3D4e5F"
    assert password == b"tok-1"


def test_topics_are_literal():
    assert (
        topics.whole("thing/event/alarm/post", "pk", "dn") == b"/sys/pk/dn/thing/event/alarm/post"
    )
    assert topics.whole("user/update", "pk", "dn") == b"/pk/dn/user/update"
    assert topics.whole("/broadcast/pk/x", "pk", "dn") == b"/broadcast/pk/x"
    assert topics.whole(b"/broadcast/pk/x", "pk", "dn") == b"/broadcast/pk/x"


def test_filters_match_as_mqtt_says():
    for name, topic, found in (
        (b"a/+", b"a/b", True),
        (b"a/+", b"a/b/c", False),
        (b"a/+", b"a", False),
        (b"a/#", b"a", True),
        (b"a/#", b"a/b/c", True),
        (b"+/b", b"/b", True),
        (b"#", b"a/b", True),
        (b"a/b", b"a/b", True),
        (b"a/+/c", b"a/b/d", False),
    ):
        assert topics.matches(name, topic) is found, name


def test_request_is_compact_json_with_text_id():
    import json

    payload = envelope.request(7, "event/property/post", {"temperature": 21.5})
    assert b" " not in payload
    assert json.loads(payload) == {
        "id": "7",
        "version": "1.0",
        "sys": {"ack": 1},
        "params": {"temperature": 21.5},
        "method": "thing.event.property.post",
    }


def test_a_reply_is_taken_apart():
    payload = b'{"code":200,"data":{},"id":"7","message":"success","version":"1.0"}'
    assert envelope.reply(payload) == (7, 200, {}, "success")
    assert envelope.reply(b'{"id":"1","code":460,"data":{}}') == (1, 460, {}, "")


def test_malformed_reply_raises_protocol_error():
    for payload in (b"", b"{", b"[]", b"{}", b'{"id":"x","code":200}', b'{"id":"1"}', b"\xff\xfe"):
        raises(ProtocolError, envelope.reply, payload)
