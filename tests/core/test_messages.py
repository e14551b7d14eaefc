"""Every topic and payload a device sends, and what comes of each answer, as on the wire."""

import json

from alink import cloudlog, report, rrpc, timesync
from alink.errors import TransportError
from alink.messages import Messages
from alink.shadow import Shadow
from alink.thing import Thing
from alink.topics import find
from check import raises

BASE = "/sys/a1B2c3D4e5F/dev-1/thing/"


class Link:
    online = True
    sessions = 1
    duplicate = False

    def __init__(self):
        self.sent = []

    def publish(self, topic, payload, qos, on_done):
        self.sent.append((topic.decode(), payload, qos))

    def subscribe(self, topic):
        pass


class Device(Messages):
    def __init__(self):
        super().__init__()
        self.product_key, self.device_name = "a1B2c3D4e5F", "dev-1"
        self._link = Link()
        self.log = []

    def _log(self, text):
        self.log.append(text)

    def last(self):
        """Topic and body of what was sent last, the body parsed; it has no blank in it."""
        topic, payload, _ = self._link.sent[-1]
        assert b" " not in payload, payload
        return topic, json.loads(payload)

    def hear(self, topic, body):
        topic = topic.encode()
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler = find(self._routes, topic)
        assert handler, topic
        handler(topic, payload)


def test_each_request_has_its_topic_method_and_params():
    device = Device()
    thing = Thing(device)
    identity = {"productKey": "a1B2c3D4e5F", "deviceName": "dev-1"}
    sample = {"t": [{"value": 1, "time": 2}]}
    for call, what, params in (
        (lambda: device.post_properties({"t": 1}), "event/property/post", {"t": 1}),
        (
            lambda: thing.post({"t": {"value": 1, "time": 2}}),
            "event/property/post",
            {"t": {"value": 1, "time": 2}},
        ),
        (lambda: thing.event("ev", {"a": 1}, 5), "event/ev/post", {"value": {"a": 1}, "time": 5}),
        (lambda: thing.event("ev", {}), "event/ev/post", {"value": {}}),
        (
            lambda: report.batch(device, sample),
            "event/property/batch/post",
            {"properties": sample, "events": {}},
        ),
        (
            lambda: report.history(device, [{"t": {"value": 1, "time": 2}}]),
            "event/property/history/post",
            [{"identity": identity, "properties": [{"t": {"value": 1, "time": 2}}], "events": []}],
        ),
        (lambda: report.desired(device, ["t"], None), "property/desired/get", ["t"]),
        (
            lambda: report.forget_desired(device, {"t": 3}),
            "property/desired/delete",
            {"t": {"version": 3}},
        ),
        (
            lambda: report.tags(device, {"room": "4"}),
            "deviceinfo/update",
            [{"attrKey": "room", "attrValue": "4"}],
        ),
        (lambda: report.forget_tags(device, ["room"]), "deviceinfo/delete", [{"attrKey": "room"}]),
    ):
        number = call()
        assert device.last() == (
            BASE + what,
            {
                "id": str(number),
                "version": "1.0",
                "params": params,
                "method": "thing." + what.replace("/", "."),
            },
        )


def test_ids_count_and_a_reply_goes_to_its_own_handler():
    device = Device()
    got = []
    first = device.request("x/y", {}, 0, lambda *reply: got.append(reply))
    second = device.request("x/y", {}, 0, lambda *reply: got.append(reply))
    assert (first, second) == (1, 2)
    device.hear(BASE + "x/y_reply", {"code": 200, "data": {"a": 1}, "id": "2"})
    device.hear(BASE + "x/y_reply", {"code": 460, "id": 1, "message": "no"})
    device.hear(BASE + "x/y_reply", {"code": 200, "id": "2"})
    assert got == [(200, {"a": 1}, ""), (460, None, "no")]


def test_a_declined_reply_is_not_waited_for():
    device = Device()
    device.request("x/y", {}, 0, False)
    assert device.last()[1]["sys"] == {"ack": 0}
    assert not device._routes
    device._calls.fail()
    assert device.log == []


def test_a_call_is_answered_on_the_topic_that_fits_the_way_it_came():
    device = Device()
    thing = Thing(device)
    thing.service("Test")(lambda inputs: {"got": inputs})
    thing.property("t")(lambda value: None)
    call = {"id": "9", "method": "thing.service.Test", "params": {"a": 1}, "version": "1.0.0"}
    done = {"id": "9", "code": 200, "data": {"got": {"a": 1}}, "message": "success"}
    rrpc_base = "/sys/a1B2c3D4e5F/dev-1/rrpc/"
    for asked, answer in (
        (BASE + "service/Test", BASE + "service/Test_reply"),
        (rrpc_base + "request/123", rrpc_base + "response/123"),
        ("/ext/rrpc/123" + BASE + "service/Test", "/ext/rrpc/123" + BASE + "service/Test"),
    ):
        device.hear(asked, call)
        topic, payload, qos = device._link.sent[-1]
        assert (topic, json.loads(payload), qos) == (answer, done, 0)
    device.hear(
        BASE + "service/property/set",
        {"id": "8", "method": "thing.service.property.set", "params": {"t": 1}},
    )
    topic, payload, _ = device._link.sent[-1]
    assert topic == BASE + "service/property/set_reply"
    assert json.loads(payload)["code"] == 200


def test_a_call_that_is_no_alink_is_logged_and_not_answered():
    device = Device()
    Thing(device)
    for payload in (b"\xff", b"[]", b'{"id":"1"}'):
        device.hear(BASE + "service/Test", payload)
    assert device._link.sent == []
    assert len(device.log) == 3


def test_raw_bytes_pass_both_ways_as_they_are():
    device = Device()
    got = []
    report.on_raw(device, lambda topic, data: got.append(data))
    report.raw(device, b"\x00\xff", 1)
    assert device._link.sent == [(BASE + "model/up_raw", b"\x00\xff", 1)]
    device.hear(BASE + "model/down_raw", b"\x01\x00")
    assert got == [b"\x01\x00"]


def test_a_question_is_answered_on_the_topic_it_came_on():
    device = Device()
    rrpc.on_request(device, "user/ask", lambda payload: payload + b"!")
    topic = "/ext/rrpc/42/a1B2c3D4e5F/dev-1/user/ask"
    device.hear(topic, b"?")
    assert device._link.sent == [(topic, b"?!", 0)]


def test_broadcasts_come_on_two_kinds_of_topic():
    device = Device()
    got = []
    rrpc.on_broadcast(device, lambda topic, payload: got.append(payload))
    rrpc.on_broadcast(device, lambda topic, payload: got.append(payload), "news")
    device.hear("/sys/a1B2c3D4e5F/dev-1/broadcast/request/7", b"1")
    device.hear("/broadcast/a1B2c3D4e5F/news", b"2")
    assert got == [b"1", b"2"]


def test_the_log_waits_until_it_is_wanted():
    device = Device()
    log = cloudlog.CloudLog(device)
    asked = {"getType": "content", "configScope": "device"}
    assert device.last()[0] == BASE + "config/log/get"
    assert device.last()[1]["params"] == asked
    for number in range(10):
        log.write("WARN", "m", "line%d" % number)
    assert len(device._link.sent) == 1
    wanted = {"getType": "content", "content": {"mode": 1}}
    device.hear(BASE + "config/log/push", {"id": "5", "params": wanted})
    topic, payload, _ = device._link.sent[-2]
    assert topic == BASE + "config/log/push_reply"
    assert json.loads(payload) == {"id": "5", "code": 200, "data": {}}
    topic, body = device.last()
    assert topic == BASE + "log/post"
    assert [one["logContent"] for one in body["params"]] == ["line%d" % at for at in range(2, 10)]
    assert sorted(body["params"][0]) == [
        "code",
        "logContent",
        "logLevel",
        "module",
        "traceContext",
        "utcTime",
    ]


def test_the_time_is_asked_for_and_the_way_taken_off():
    device = Device()
    got = []
    timesync.ask(device, got.append)
    topic, body = device.last()
    assert topic == "/ext/ntp/a1B2c3D4e5F/dev-1/request"
    answer = {"serverRecvTime": "1795456800000", "serverSendTime": "1795456800005"}
    answer["deviceSendTime"] = body["deviceSendTime"]
    device.hear("/ext/ntp/a1B2c3D4e5F/dev-1/response", answer)
    assert 0 <= got[0] - 1795456800002 < 5000


def test_the_shadow_has_a_topic_each_way():
    device = Device()
    shadow = Shadow(device, None)
    shadow.report({"led": 1})
    topic, body = device.last()
    assert topic == "/shadow/update/a1B2c3D4e5F/dev-1"
    assert (body["method"], body["state"]) == ("update", {"reported": {"led": 1}})
    shadow.get()
    assert device.last()[1] == {"method": "get"}


def test_nothing_is_sent_before_the_first_session():
    device = Device()
    device._link = None
    assert "connect() first" in str(raises(TransportError, device.post_properties, {"t": 1}))
    assert device.is_duplicate() is False
