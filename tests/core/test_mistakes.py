"""Mistakes of a program are refused where they are made, in one sentence with the value."""

import time

from alink.device import Device as Real
from alink.errors import TransportError
from alink.outbox import Outbox
from check import raises
from online import Device

TOPIC = "/a1B2c3D4e5F/dev-1/user/update"
LONG = "user/" + "x" * 120
MESSAGES = (
    # topic, payload, qos, error, sentence
    ("user/update", 5, 0, TypeError, "a payload is bytes or text, not 5; json.dumps() makes text"),
    ("user/update", {"a": 1}, 0, TypeError, "a payload is bytes or text, not {'a': 1}; json.dump"),
    (
        "user/update",
        None,
        0,
        TypeError,
        "a payload is bytes or text, not None; json.dumps() makes",
    ),
    ("user/update", [b"a"], 1, TypeError, "a payload is bytes or text, not [b'a']; json.dumps()"),
    ("user/update", b"a", 2, ValueError, "qos is 2; the platform takes 0 and 1"),
    ("user/+", b"a", 0, ValueError, "/a1B2c3D4e5F/dev-1/user/+ has a wildcard; only subscribe()"),
    ("user/#", b"a", 0, ValueError, "/a1B2c3D4e5F/dev-1/user/# has a wildcard; only subscribe()"),
    (LONG, b"a", 0, ValueError, "/a1B2c3D4e5F/dev-1/%s has 144 bytes; the limit is 128" % LONG),
    ("user/update", b"a", "1", ValueError, "qos is '1'; the platform takes 0 and 1"),
    (b"user/update", b"a", 0, ValueError, "a topic of bytes is sent as it is, and user/update"),
    ("user/update", bytes(262145), 0, ValueError, "the payload has 262145 bytes; the limit is 26"),
)


def test_message_that_cannot_be_sent_is_refused():
    device = Device()
    for topic, payload, qos, error, sentence in MESSAGES:
        said = str(raises(error, device.publish, topic, payload, qos))
        assert said.startswith(sentence), said
    assert device._link.sent == []
    device.publish("user/update", b"a")
    assert device._link.sent == [(TOPIC, b"a", 0)]


def test_text_is_sent_as_utf_8():
    device = Device()
    device.publish("user/update", "21,5 °C")
    assert device._link.sent == [(TOPIC, b"21,5 \xc2\xb0C", 0)]
    device.publish("user/update", bytearray(b"a"))
    device.publish("user/update", memoryview(b"b"))
    assert [bytes(sent[1]) for sent in device._link.sent[1:]] == [b"a", b"b"]


def test_message_before_connect_says_so():
    device = Device()
    device._link = None
    said = str(raises(TransportError, device.publish, "user/update", "text"))
    assert said == "not online; call connect() first"


def test_long_topic_of_the_platform_is_answered():
    device = Device()
    topic = b"/ext/rrpc/%d/sys/a1B2c3D4e5F/dev-1/thing/service/" % 10**18 + b"x" * 80
    device.publish(topic, b"{}")
    assert device._link.sent[0][0] == topic.decode()


def test_bad_message_never_enters_the_outbox():
    device = Device()
    device._link.online = False
    outbox = Outbox(device)
    for topic, payload, qos, error, sentence in MESSAGES[:-1]:
        if qos:
            continue
        said = str(raises(error, outbox.put, topic, payload))
        assert said.startswith(sentence), said
    assert len(outbox) == outbox.size == 0
    outbox.put("user/update", "é")
    outbox.put("user/update", memoryview(b"b"))
    device.begin_session()
    assert [sent[1] for sent in device._link.sent] == [b"\xc3\xa9", b"b"]


def test_request_beyond_the_limit_is_refused():
    device = Device()
    ended = []

    def replied(code, data, message):
        ended.append(message)

    for number in range(1, 33):
        assert device.request("config/get", {}, 0, replied) == number
    said = str(raises(TransportError, device.request, "config/get", {}, 0, replied))
    assert said == "32 requests wait for their reply; poll first, then send"
    assert (ended, len(device._link.sent)) == ([], 32)
    reply = {"id": "1", "code": 200, "data": {}}
    device.hear("/sys/a1B2c3D4e5F/dev-1/thing/config/get_reply", reply)
    assert device.request("config/get", {}, 0, replied) == 33
    raises(TransportError, device.request, "config/get", {}, 0, replied)


def test_unanswered_request_gives_way_after_a_minute():
    device = Device()
    ended = []
    device._calls = calls = _calls(device)
    calls.max = 1
    device.request("config/get", {}, 0, lambda *reply: ended.append(reply))
    now = time.ticks_ms()
    for age, gives_way in ((59000, False), (61000, True), (-5000, True)):
        entry = calls.waiting[min(calls.waiting)]
        calls.waiting[min(calls.waiting)] = entry[:3] + (time.ticks_add(now, -age),)
        if gives_way:
            device.request("config/get", {}, 0, lambda *reply: ended.append(reply))
        else:
            raises(TransportError, device.request, "config/get", {})
    assert ended == [(0, None, "no reply came within 60 s")] * 2


def _calls(device):
    from alink.calls import Calls

    return Calls(device._log)


def test_poll_in_a_handler_says_so():
    device = Real(log=None)
    said = []

    def engine():
        try:
            device.poll()
        except RuntimeError as error:
            said.append(str(error))
        yield 5
        yield 6

    device._engine = engine()
    assert device._step() == 5
    assert said == ["call poll() outside of handlers"]
    device.due = time.ticks_ms()
    assert device._step() == 6, "the session goes on"


def test_setting_changes_the_limit_of_requests():
    import fakes
    from alink.boot import record
    from alink.calls import Calls

    fields = {"ProductKey": b"a1B2c3D4e5F", "ProductSecret": b"ps", "DeviceName": b"dev-1"}
    fakes.Board().burn(record.encode(record.CERTIFICATE, 1, fields))
    try:
        Real.from_flash(log=None, max_requests=2)
        device = Device()
        device.request("config/get", {})
        device.request("config/get", {})
        said = str(raises(TransportError, device.request, "config/get", {}))
        assert said == "2 requests wait for their reply; poll first, then send"
    finally:
        Calls.max = 32
