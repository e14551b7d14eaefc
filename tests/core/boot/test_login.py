"""login_fields.py, topics.py, envelope.py: literal bytes."""

from alink import envelope, topics, utc
from alink.errors import ProtocolError
from alink.session import login_fields
from check import raises

DEVICE = {"ProductKey": b"a1B2c3D4e5F", "DeviceName": b"esp32-240AC4A1B2C3"}


SECRET = b"0123456789abcdef0123456789abcdef"


def _login(seconds, **fields):
    # The fields of a login at `seconds` since 1970, as the board's clock has it.
    utc.now = lambda: seconds
    fields.update(DEVICE)
    return login_fields.login(login_fields.keep(fields))


def test_login_without_a_clock_signs_2050():
    client_id, user, password = _login(0, DeviceSecret=SECRET)
    assert client_id == (
        b"a1B2c3D4e5F.esp32-240AC4A1B2C3|securemode=2,signmethod=hmacsha256,"
        b"timestamp=2524608000000,ext=1,lan=MicroPython,_v=alink-0.1.0|"
    )
    assert user == b"esp32-240AC4A1B2C3&a1B2c3D4e5F"
    assert password == b"344eb2e69014a0d620525afd70020367f0ce7cb7a6c792061a5be9b3df92b1f7"


def test_login_signs_the_time_in_milliseconds():
    client_id, _, password = _login(1800000000, DeviceSecret=SECRET)
    assert b",timestamp=1800000000000,ext=1," in client_id
    assert password == b"df604875b5d134f66f29eef08007f23dc939ebd94851fd0205bb3d1019160cb0"


def test_setting_replaces_the_signed_time():
    fixed = {"DeviceSecret": SECRET, "Timestamp": b"2524608000000"}
    assert _login(1800000000, **fixed) == _login(0, DeviceSecret=SECRET)


def test_login_keeps_no_product_secret():
    fields = {"ProductSecret": b"ps", "DeviceSecret": b"ds", "WifiPassword": b"w", "Region": b"r"}
    assert login_fields.keep(fields) == {"DeviceSecret": b"ds"}


def test_login_follows_the_burned_sign_method():
    client_id, _, password = _login(0, DeviceSecret=SECRET, SignMethod=b"hmacmd5")
    assert b"signmethod=hmacmd5," in client_id
    assert password == b"fa84c636daf1663094b9387f0232a2e4"


def test_login_with_a_device_token_signs_nothing():
    client_id, user, password = _login(0, ClientID=b"9rSz33f000112", DeviceToken=b"tok-1")
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
