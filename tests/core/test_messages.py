"""Every topic and payload that a device sends, and the effect of each reply, byte for byte."""

import json

from alink import cloudlog, heap, report, rrpc, timesync
from alink.config import Config
from alink.errors import ProtocolError, RefusedError, TransportError
from alink.thing import Thing
from check import raises
from online import BASE, Device


def test_each_request_has_its_topic_and_its_bytes():
    device = Device()
    thing = Thing(device)
    sample = {"t": [{"value": 1, "time": 2}]}
    identity = b'{"productKey":"a1B2c3D4e5F","deviceName":"dev-1"}'
    for call, what, params in (
        (lambda: device.post_properties({"t": 1}), "event/property/post", b'{"t":1}'),
        (
            lambda: thing.post({"t": {"value": 1, "time": 1524448722000}}),
            "event/property/post",
            b'{"t":{"value":1,"time":1524448722000}}',
        ),
        (
            lambda: thing.event("ev", {"a": 1}, 5),
            "event/ev/post",
            b'{"value":{"a":1},"time":5}',
        ),
        (lambda: thing.event("ev", {}), "event/ev/post", b'{"value":{}}'),
        (
            lambda: report.batch(device, sample),
            "event/property/batch/post",
            b'{"properties":{"t":[{"value":1,"time":2}]},"events":{}}',
        ),
        (
            lambda: report.batch(device, {}, {"ev": [{"value": {"a": 1}, "time": 2}]}),
            "event/property/batch/post",
            b'{"properties":{},"events":{"ev":[{"value":{"a":1},"time":2}]}}',
        ),
        (
            lambda: report.history(
                device, [{"t": {"value": 1, "time": 2}}], [{"ev": {"value": {}, "time": 2}}]
            ),
            "event/property/history/post",
            b'[{"identity":'
            + identity
            + b',"properties":[{"t":{"value":1,"time":2}}],'
            + b'"events":[{"ev":{"value":{},"time":2}}]}]',
        ),
        (lambda: report.desired(device, ["t", "u"], None), "property/desired/get", b'["t","u"]'),
        (
            lambda: report.forget_desired(device, {"t": 3}),
            "property/desired/delete",
            b'{"t":{"version":3}}',
        ),
        (
            lambda: report.tags(device, {"room": "4"}),
            "deviceinfo/update",
            b'[{"attrKey":"room","attrValue":"4"}]',
        ),
        (
            lambda: report.forget_tags(device, ["room"]),
            "deviceinfo/delete",
            b'[{"attrKey":"room"}]',
        ),
        (
            lambda: Config(device, None).ask(),
            "config/get",
            b'{"configScope":"product","getType":"file"}',
        ),
        (
            lambda: cloudlog.CloudLog(device),
            "config/log/get",
            b'{"getType":"content","configScope":"device"}',
        ),
    ):
        call()
        number = device._calls.id
        method = b"thing." + what.replace("/", ".").encode()
        whole = b'{"id":"%d","version":"1.0","sys":{"ack":1},"params":%s,"method":"%s"}'
        assert device.sent(BASE + what, whole % (number, params, method))


def test_reply_goes_to_the_handler_of_its_id():
    device = Device()
    got = []
    first = device.request("x/y", {}, 0, lambda *reply: got.append(reply))
    second = device.request("x/y", {}, 0, lambda *reply: got.append(reply))
    assert (first, second) == (1, 2)
    device.hear(BASE + "x/y_reply", {"code": 200, "data": {"a": 1}, "id": "2"})
    device.hear(BASE + "x/y_reply", {"code": 460, "id": 1, "message": "no"})
    device.hear(BASE + "x/y_reply", {"code": 200, "id": "2"})
    assert got == [(200, {"a": 1}, ""), (460, None, "no")]


def test_oversized_reply_fails_every_request_on_topic():
    device = Device()
    got = []
    for what in ("x/y", "x/z", "x/y"):
        device.request(what, {}, 0, lambda *reply: got.append(reply))
    take = device._routes[(BASE + "x/y_reply").encode()]
    take((BASE + "x/y_reply").encode(), None)
    assert got == [(0, None, "the reply is too long")] * 2
    device.hear(BASE + "x/z_reply", {"code": 200, "id": "2"})
    assert got[2:] == [(200, None, "")]


def test_reply_without_heap_counts_as_too_long():
    device = Device()
    got = []
    device.request("x/y", {}, 0, lambda *reply: got.append(reply))
    envelope = heap.load("envelope", True)
    reply, envelope.reply = envelope.reply, _short
    try:
        device.hear(BASE + "x/y_reply", {"code": 200, "id": "1"})
    finally:
        envelope.reply = reply
    assert got == [(0, None, "the reply is too long")]


def _short(payload):
    raise MemoryError


def test_a_declined_reply_is_not_waited_for():
    device = Device()
    device.request("x/y", {}, 1, False)
    whole = b'{"id":"1","version":"1.0","params":{},"method":"thing.x.y","sys":{"ack":0}}'
    assert device.sent(BASE + "x/y", whole, 1)
    assert not device._routes
    device._calls.fail()
    assert device.log == []


def test_service_call_is_answered_on_the_matching_topic():
    device = Device()
    thing = Thing(device)
    thing.service("Test")(lambda inputs: {"got": inputs})
    thing.property("t")(lambda value: None)
    call = b'{"method":"thing.service.Test","id":"9","params":{"a":1},"version":"1.0.0"}'
    done = b'{"id":"9","code":200,"data":{"got":{"a":1}},"message":"success"}'
    rrpc_base = "/sys/a1B2c3D4e5F/dev-1/rrpc/"
    for asked, answer in (
        (BASE + "service/Test", BASE + "service/Test_reply"),
        (rrpc_base + "request/123", rrpc_base + "response/123"),
        ("/ext/rrpc/123" + BASE + "service/Test", "/ext/rrpc/123" + BASE + "service/Test"),
    ):
        device.hear(asked, call)
        assert device.sent(answer, done)
    device.hear(
        BASE + "service/property/set",
        b'{"method":"thing.service.property.set","id":"8","params":{"t":1},"version":"1.0.0"}',
    )
    assert device.sent(
        BASE + "service/property/set_reply",
        b'{"id":"8","code":200,"data":{},"message":"success"}',
    )


def test_each_way_a_handler_fails_has_its_code():
    device = Device()
    thing = Thing(device)

    def fails(error):
        def handler(inputs):
            raise error

        return handler

    thing.service("Wrong")(fails(ValueError("level is 9, allowed are 1..3")))
    thing.service("Busy")(fails(RefusedError(429, "busy")))
    thing.service("Own")(fails(RefusedError(100042, "no water")))
    thing.service("Broken")(fails(KeyError("pump")))
    for name, code, text in (
        ("Wrong", 460, "level is 9, allowed are 1..3"),
        ("Busy", 429, "busy"),
        ("Own", 100042, "no water"),
        ("Broken", 400, "the device failed"),
        ("Other", 460, "thing.service.Other is not known here"),
    ):
        device.hear(BASE + "service/" + name, {"id": "1", "method": "thing.service." + name})
        whole = b'{"id":"1","code":%d,"data":{},"message":"%s"}' % (code, text.encode())
        topic, payload, _ = device._link.sent[-1]
        assert topic == BASE + "service/%s_reply" % name
        assert json.loads(payload) == json.loads(whole)
    assert len(device.log) == 1
    assert device.log[0].startswith("thing.service.Broken failed: KeyError(")


def test_malformed_call_is_logged_and_gets_no_reply():
    device = Device()
    Thing(device)
    for payload in (b"\xff", b"[]", b'{"id":"1"}'):
        device.hear(BASE + "service/Test", payload)
    assert device._link.sent == []
    assert len(device.log) == 3


def test_raw_bytes_pass_both_ways_as_they_are():
    device = Device()
    got, answers = [], [b"\x02\x00", None, b"\x03"]
    report.on_raw(device, lambda data: got.append(data) or answers.pop(0))
    report.raw(device, b"\x00\xff", 1, got.append)
    assert device._link.sent == [(BASE + "model/up_raw", b"\x00\xff", 1)]
    device.hear(BASE + "model/up_raw_reply", b"\x00\xc8")
    device.hear(BASE + "model/down_raw", b"\x01\x00")
    assert device._link.sent[-1] == (BASE + "model/down_raw_reply", b"\x02\x00", 0)
    device.hear(BASE + "model/down_raw", b"\x04")
    waited_for = "/ext/rrpc/42" + BASE + "model/down_raw"
    device.hear(waited_for, b"\x05")
    assert device._link.sent[2:] == [(waited_for, b"\x03", 0)]
    assert got == [b"\x00\xc8", b"\x01\x00", b"\x04", b"\x05"]


def test_custom_rrpc_is_answered_on_its_topic():
    device = Device()
    rrpc.on_request(device, "user/ask", lambda payload: payload + b"!")
    topic = "/ext/rrpc/42/a1B2c3D4e5F/dev-1/user/ask"
    device.hear(topic, b"?")
    assert device._link.sent == [(topic, b"?!", 0)]


def test_system_rrpc_is_answered_on_its_response_topic():
    device = Device()
    thing = Thing(device)
    thing.service("Test")(lambda inputs: {"ok": 1})
    rrpc.on_system_request(device, lambda payload: payload * 2 if payload == b"?" else None, thing)
    base = "/sys/a1B2c3D4e5F/dev-1/rrpc/"
    device.hear(base + "request/1234567890123456789", b"?")
    assert device._link.sent == [(base + "response/1234567890123456789", b"??", 0)]
    device.hear(base + "request/5", b'{"id":"9","method":"thing.service.Test","params":{}}')
    answer = b'{"id":"9","code":200,"data":{"ok":1},"message":"success"}'
    assert device.sent(base + "response/5", answer)
    rrpc.on_system_request(device, lambda payload: None)
    device.hear(base + "request/6", b"?")
    assert len(device._link.sent) == 2


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
    now = body["params"][0]["utcTime"]
    assert len(now) == len("2020-03-06T15:24:24.000+0000") and now[-9:] == ".000+0000"
    line = b'{"utcTime":"%s","logLevel":"WARN","module":"m","code":"7",'
    line += b'"traceContext":"c","logContent":"x"}'
    log.set_level("WARN")
    log.write("INFO", "m", "not this")
    log.write("WARN", "m", "x", 7, "c")
    params = device.last()[1]["params"]
    assert params == [json.loads(line % params[0]["utcTime"].encode())]


def test_pushed_config_is_acknowledged_and_reported():
    device = Device()
    told = []
    config = Config(device, told.append)
    assert "no remote config to fetch" in str(raises(ProtocolError, next, config.fetch("x")))
    info = b'{"configId":"c1","configSize":5,"sign":"00","signMethod":"Sha256",'
    info += b'"url":"https://f/c","getType":"file"}'
    push = b'{"id":"5","version":"1.0","method":"thing.config.push","params":%s}' % info
    device.hear(BASE + "config/push", push)
    assert device.sent(BASE + "config/push_reply", b'{"id":"5","code":200,"data":{}}')
    config.ask()
    device.hear(BASE + "config/get_reply", b'{"code":200,"data":%s,"id":"1"}' % info)
    config.ask()
    device.hear(BASE + "config/get_reply", b'{"code":6713,"data":{},"id":"2","message":"off"}')
    assert told == [json.loads(info)] * 2
    assert device.log == ["no remote config: 6713 off"]


def test_time_reply_is_corrected_for_network_delay():
    device = Device()
    got = []
    timesync.ask(device, got.append)
    topic, body = device.last()
    assert topic == "/ext/ntp/a1B2c3D4e5F/dev-1/request"
    assert device.sent(topic, b'{"deviceSendTime":"%s"}' % body["deviceSendTime"].encode())
    answer = {"serverRecvTime": "1795456800000", "serverSendTime": "1795456800005"}
    answer["deviceSendTime"] = body["deviceSendTime"]
    device.hear("/ext/ntp/a1B2c3D4e5F/dev-1/response", answer)
    assert 0 <= got[0] - 1795456800002 < 5000


def test_nothing_is_sent_before_the_first_session():
    device = Device()
    device._link = None
    assert "connect() first" in str(raises(TransportError, device.post_properties, {"t": 1}))
    assert device.is_duplicate() is False


def test_reply_handler_error_at_session_end_is_logged():
    device, told = Device(), []

    def wrong(code, data, message):
        raise KeyError("led")

    device.request("x/y", {}, 0, wrong)
    device.request("x/y", {}, 0, lambda *reply: told.append(reply[0]))
    device._calls.fail()
    assert told == [0]
    assert "the handler of x/y failed: KeyError('led'" in device.log[-1]
