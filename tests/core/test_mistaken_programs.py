"""Programs with a mistake of the usual kind, and the sentence that each one gets.

Each runs on a burned board with the real `Device`, whose session is a stand-in.
"""

import json
import os

import fakes
import online
from alink.boot import record
from alink.device import Device
from alink.errors import AlinkError

THING = {
    "properties": [
        {
            "identifier": "TargetTemperature",
            "accessMode": "rw",
            "dataType": {"type": "float", "specs": {"min": "5", "max": "30"}},
        },
        {
            "identifier": "Temperature",
            "accessMode": "r",
            "dataType": {"type": "float", "specs": {}},
        },
    ],
    "events": [
        {
            "identifier": "TooWarm",
            "outputData": [{"identifier": "Level", "dataType": {"type": "int", "specs": {}}}],
        }
    ],
    "services": [
        {
            "identifier": "SelfTest",
            "inputData": [],
            "outputData": [{"identifier": "Passed", "dataType": {"type": "int", "specs": {}}}],
        }
    ],
}
FILES = {
    "thing.json": json.dumps(THING),
    "broken.json": '{"properties": [',
    "empty.json": "{}",
}

# Programs that raise, after `device = Device.from_flash(...)`, online.
RAISING = (
    # Messages
    ("device.publish('user/update', {'t': 5})", "a payload is bytes or text, not {'t': 5}; json"),
    ("device.publish('user/+', 'a')", "/a1B2c3D4e5F/dev-1/user/+ has a wildcard; only subscribe"),
    ("device.publish('user/update', 'a', qos=2)", "qos is 2; the platform takes 0 and 1"),
    ("device.publish('user/' + 'x' * 120, 'a')", "has 144 bytes; the limit is 128"),
    ("device.publish(b'user/update', 'a')", "a topic of bytes is sent as it is, and user/update"),
    ("device.publish('user/update', bytes(262145))", "the payload has 262145 bytes; the limit is"),
    ("device.close()\ndevice.publish('user/update', 'a')", "not online; the message was not sent"),
    ("device.publish('user/update', 'a', 1, 5)", "on_done is 5; allowed is a function"),
    ("device.subscribe('user/get', None)", "the handler of subscribe is None; allowed"),
    ("async def f(a, b): pass\ndevice.subscribe('user/get', f)", "subscribe is async; allowed is"),
    ("device.sleep('5')", "sleep is for '5'; allowed are milliseconds from 0"),
    ("device.sleep(-1)", "sleep is for -1; allowed are milliseconds from 0"),
    ("from alink.ota import Ota\nOta(device, 1.0)", "version is 1.0; allowed is text such as"),
    ("from alink.ota import Ota\nOta(device, '1', target=5)", "target is 5; pass a File, or"),
    ("for n in range(33):\n device.request('config/get', {})", "32 requests wait for their reply"),
    # Values
    ("device.post_properties({'t': float('nan')})", "t is nan, and JSON has no such number; leav"),
    ("device.post_properties({'t': -float('inf')})", "t is -inf, and JSON has no such number"),
    ("device.post_properties({'t': {1}})", "t is {1}; allowed are numbers, text, lists and dict"),
    ("device.post_properties({'t': object})", "allowed are numbers, text, lists and dicts"),
    ("device.post_properties({'t': b'21'})", "t is b'21'; allowed are numbers, text, lists and"),
    ("device.post_properties({'t': None})", "t is None; leave it out until it has a value"),
    ("device.post_properties(None)", "the values are None; allowed is {name: value}"),
    ("device.post_properties(5)", "the values are 5; allowed is {name: value}"),
    ("device.post_properties([21])", "the values are [21]; allowed is {name: value}"),
    ("device.post_properties({'t': {1: 21}})", "t has the name 1; allowed is text"),
    ("device.post_properties({'t': {'value': 20, 'tme': 5}})", "t has tme beside value; allowed"),
    ("device.post_properties({'t': {'value': 20, 'time': 'now'}})", "t has the time 'now'; allow"),
    ("device.post_properties({'t': {'value': float('inf')}})", "value is inf, and JSON has no"),
    ("device.request('event/hot/post', {'value': {'t': {1}}})", "t is {1}; allowed are numbers"),
    (
        "from alink.outbox import Outbox\nOutbox(device).post_properties({'t': float('nan')})",
        "t is nan, and JSON has no such number; leave it out",
    ),
    (
        "from alink.shadow import Shadow\nShadow(device).report({'t': {1}})",
        "t is {1}; allowed are numbers, text, lists and dicts",
    ),
    (
        "from alink.cloudlog import CloudLog\nCloudLog(device, 'info')",
        "the level is 'info'; allowed are DEBUG, INFO, WARN, ERROR, FATAL",
    ),
    (
        "from alink.outbox import Outbox\nOutbox(device).put('user/update', 'a', 5)",
        "on_done is 5; allowed is a function",
    ),
    ("from alink.gateway import Gateway\nGateway(device)", "allowed range is 1 to 50"),
    # Settings
    ("Device.from_flash(keepalve=60)", "keepalve is not a setting; did you mean keepalive?"),
    ("Device.from_flash(keepalive=20)", "keepalive is 20; allowed range is 30 to 1200"),
    ("Device.from_flash(port='8883')", "port is '8883'; allowed is a number"),
    ("Device.from_flash(wifi='home')", "wifi is not (ssid, password): text of 1 to 32 bytes, an"),
    ("Device.from_flash(ca='root.pem')", "ca is the file root.pem, which cannot be read"),
    ("Device.from_flash(policy='never')", "policy is 'never'; allowed are retry, reregister, st"),
    ("Device.from_flash(network=True)", "network is True; allowed is a function"),
    ("Device.from_flash(thing=5)", "thing is 5; allowed is the path of a thing model"),
    ("Device.from_flash(thing='model.json')", "thing is model.json, which cannot be read"),
    (
        "Device.from_flash(thing='broken.json')",
        "broken.json is not a thing model: byte 16 is not the JSON",
    ),
    (
        "Device.from_flash(thing='empty.json')",
        "empty.json is not a thing model: properties is missing",
    ),
    ("Device().connect()", "this Device has no identity; make it with Device.from_flash()"),
    ("from alink.login import Login\nLogin().prepare()", "no identity is loaded; call from_fl"),
    (
        "from alink.http_channel import HttpChannel\nHttpChannel().connect()",
        "no identity is loaded; call from_flash() to make this object",
    ),
    # Two devices
    ("Device.from_flash().boot()", "this program has another Device; call connect() on that one"),
)

# Programs that raise with `thing`, the device's `Thing`.
WITH_MODEL = (
    ("thing.property('TargetTemprature')(print)", "did you mean TargetTemperature?"),
    ("thing.property('Temperature')(print)", "Temperature is read-only in the thing model: the"),
    ("@thing.property\ndef target(value): pass", "@thing.property lacks its name: write @thing.p"),
    ("@thing.service\ndef test(inputs): pass", "@thing.service lacks its name: write @thing.serv"),
    ("thing.property('TargetTemperature')(5)", "the handler of TargetTemperature is 5; allowed"),
    ("thing.service('Selftest')(print)", "Selftest is not in the thing model; did you mean Self"),
    (
        "@thing.property('TargetTemperature')\nasync def target(value): pass",
        "the handler of TargetTemperature is async; allowed is a function, which may call",
    ),
    ("thing.post({'Temprature': 21})", "Temprature is not in the thing model; did you mean Temp"),
    ("thing.post([21])", "the values are [21]; allowed is {name: value}"),
    ("device.post_properties({'Temperature': '21'})", "Temperature is '21', allowed is float .."),
    ("device.post_properties({'TargetTemperature': 31})", "is 31, allowed is float 5..30"),
    ("device.post_properties({'Temperature': float('nan')})", "Temperature is nan, and JSON has"),
    ("device.post_properties({5: 20})", "5 is not in the thing model; did you mean"),
    (
        "from alink.outbox import Outbox\nOutbox(device).post_properties({'Temprature': 21})",
        "Temprature is not in the thing model; did you mean Temp",
    ),
    ("thing.event('TooHot', {})", "TooHot is not in the thing model; did you mean TooWarm?"),
    ("thing.event('TooWarm', 5)", "the values of TooWarm are 5; allowed is a dict"),
    ("thing.event('TooWarm', {'Level': 'high'})", "Level is 'high', allowed is int"),
)

# An answer to SelfTest, and the sentence in the log: a handler must not end the session.
ANSWERS = (
    ("5", "SelfTest answers with 5; allowed is a dict of outputs, or None"),
    ("[1]", "SelfTest answers with [1]; allowed is a dict of outputs, or None"),
    ("True", "SelfTest answers with True; allowed is a dict"),
    ("{'Passed': float('nan')}", "Passed is nan, and JSON has no such number"),
    ("{'Passed': {1}}", "Passed is {1}; allowed are numbers, text, lists and dicts"),
    ("{'Passd': 1}", "Passd is not in the thing model; did you mean Passed?"),
    ("{'Passed': 'yes'}", "Passed is 'yes', allowed is int .."),
    ("device.poll()", "call poll() outside of handlers"),
)


class _Device(Device):
    """The real one, online at once, whose `boot` is the first step of a second one's."""

    def online(self):
        return self._link.sessions if self._link and self._link.online else 0

    def boot(self):
        from alink import heap
        from alink.boot.boot import start

        heap.resident["device"] = object()  # The first one.
        try:
            next(start(self))
        finally:
            del heap.resident["device"]


class _Session(online.Session):
    def publish(self, topic, payload, qos, on_done):
        from alink import heap

        if not self.online:
            heap.call("wrong_arguments", "refuse_publish", False)
        self.sent.append((topic.decode(), payload, qos))

    def close(self):
        self.online = False


def _run(program, log, **settings):
    """Run a program on a burned board; return its names, with "error" if it has raised one."""
    fields = {"ProductKey": b"a1B2c3D4e5F", "ProductSecret": b"ps", "DeviceName": b"dev-1"}
    fakes.Board().burn(record.encode(record.CERTIFICATE, 1, fields))
    device = _Device.from_flash(log=log.append, **settings)
    device._link = _Session()
    names = {"Device": _Device, "device": device, "thing": device.thing, "error": None}
    try:
        exec(program, names)  # noqa: S102
    except (AlinkError, RuntimeError, TypeError, ValueError) as error:
        names["error"] = error
    return names


def _with_files(test):
    for name, text in FILES.items():
        with open(name, "w") as file:
            file.write(text)
    try:
        test()
    finally:
        for name in FILES:
            os.remove(name)


def test_mistaken_program_gets_its_sentence():
    def test():
        for program, sentence in RAISING:
            said = str(_run(program, [])["error"])
            assert sentence in said, (program, said)

    _with_files(test)


def test_mistake_about_a_model_gets_its_sentence():
    def test():
        for program, sentence in WITH_MODEL:
            said = str(_run(program, [], thing="thing.json")["error"])
            assert sentence in said, (program, said)

    _with_files(test)


def test_wrong_answer_of_a_service_is_logged():
    call = json.dumps({"id": "7", "method": "thing.service.SelfTest", "params": {}})

    def test():
        for answer, sentence in ANSWERS:
            log = []
            names = _run(
                "@thing.service('SelfTest')\ndef test(inputs): return " + answer,
                log,
                thing="thing.json",
            )
            assert names["error"] is None
            device = names["device"]
            device._engine = None  # As while a handler runs.
            device.thing.take(b"/sys/a1B2c3D4e5F/dev-1/thing/service/SelfTest", call)
            assert sentence in log[-1], (answer, log[-1])
            reply = json.loads(device._link.sent[-1][1])
            assert (reply["code"], reply["message"]) == (400, "the device failed")

    _with_files(test)


def test_wrong_value_of_property_handler_is_logged():
    params = {"TargetTemperature": 21}
    call = json.dumps({"id": "7", "method": "thing.service.property.set", "params": params})

    def test():
        for value in ("float('nan')", "{1}", "object()", "'warm'"):
            log = []
            handler = "@thing.property('TargetTemperature')\ndef set(_): return "
            device = _run(handler + value, log, thing="thing.json")["device"]
            device._engine = None  # As while a handler runs.
            device.thing.take(b"/sys/a1B2c3D4e5F/dev-1/thing/service/property/set", call)
            assert "value not posted: TargetTemperature is" in log[-1], (value, log[-1])
            assert [json.loads(sent[1])["code"] for sent in device._link.sent] == [200]

    _with_files(test)


def test_right_programs_are_sent():
    right = (
        "device.post_properties({'t': 21.5, 'on': True, 'name': 'x', 'n': -3})",
        "device.post_properties({'t': {'value': 20, 'time': 1524448722000}})",
        "device.post_properties({'t': {'value': 20}, 'list': [1, 'a'], 'it': {'x': 1.5}})",
        "device.post_properties({})",
        "device.request('property/desired/get', ['t'])",
        "device.request('event/hot/post', {'value': {'t': 1}, 'time': 5})",
        "device.request('event/hot/post', {'t': None})",
        "device.request('event/property/history/post', [{'properties': [{'t': {'value': 1}}]}])",
    )
    for program in right:
        names = _run(program, [])
        assert names["error"] is None, (program, names["error"])
        assert len(names["device"]._link.sent) == 1
