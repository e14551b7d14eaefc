"""notifications.py: what the cloud tells a gateway about its sub-devices."""

import json
from time import ticks_ms

from alink.gateway import notifications
from alink.gateway.roster import NAMED, ONLINE, REGISTERED, RELATED
from gatewayfake import Gateway

KEY = b"a1SubPk0001"
SUB = (KEY, b"sub-0001", b"s1")
PAIR = {"productKey": "a1SubPk0001", "deviceName": "sub-0001"}
OTHER = {"productKey": "a1SubPk0001", "deviceName": "stranger"}
OWN = b"/sys/a1GatewayPk/gateway-1/thing/"
ERROR = b"/ext/error/a1GatewayPk/gateway-1"


def _gateway(stage=ONLINE):
    gateway = Gateway(stage, [SUB])
    gateway.roster.want(0, 0)
    return gateway


def _hear(gateway, topic, body):
    notifications.take(gateway, topic, json.dumps(body).encode())


def _change(gateway, status, pairs=(PAIR,)):
    params = {"status": status, "subList": list(pairs)}
    _hear(gateway, OWN + b"topo/change", {"id": "9", "version": "1.0", "params": params})


def test_topology_change_gets_a_compact_reply():
    gateway = _gateway()
    _change(gateway, 8)
    ((topic, payload),) = gateway.sent
    assert topic == OWN + b"topo/change_reply"
    assert json.loads(payload) == {"id": "9", "code": 200, "data": {}}
    assert len(payload) == len(b'{"id":"9","code":200,"data":{}}')  # Members come in any order.


def test_each_status_change_is_reported_once():
    for status, stage, told, now in (
        (0, REGISTERED, "added", RELATED),
        (0, ONLINE, None, ONLINE),
        (1, ONLINE, "deleted", REGISTERED),
        (1, REGISTERED, None, REGISTERED),
        (8, ONLINE, "disabled", RELATED),
        (2, ONLINE, None, ONLINE),
    ):
        gateway = _gateway(stage)
        _change(gateway, status, [OTHER, PAIR])
        _change(gateway, status)
        assert gateway.told == ([("sub-0001", told, 0)] if told else []), status
        assert gateway.roster.stage(0) == now


def test_one_that_was_disabled_is_enabled_again():
    gateway = _gateway()
    _change(gateway, 8)
    _change(gateway, 2)
    assert [state for _, state, _ in gateway.told] == ["disabled", "enabled"]
    assert gateway.roster.next(ticks_ms(), 9)[1] == [0]


def test_deleted_sub_device_stays_away_until_added_again():
    gateway = _gateway()
    _change(gateway, 1)
    assert not gateway.roster.is_wanted(0)


def test_sub_device_topics_report_disable_and_delete():
    for word, told in (("disable", "disabled"), ("delete", "deleted")):
        gateway = _gateway()
        topic = b"/sys/a1SubPk0001/sub-0001/thing/" + word.encode()
        _hear(gateway, topic, {"id": "4", "params": {}, "method": "thing." + word})
        assert gateway.sent[0][0] == topic + b"_reply"
        assert gateway.told == [("sub-0001", told, 0)]


def test_add_notify_adds_sub_devices_unless_declined():
    gateway = _gateway()
    topic = OWN + b"topo/add/notify"
    _hear(gateway, topic, {"id": "5", "params": [OTHER, PAIR]})
    assert gateway.added == ["stranger", "sub-0001"]
    gateway.on_add = lambda key, name: name != "stranger"
    _hear(gateway, topic, {"id": "6", "params": [OTHER, PAIR]})
    assert gateway.added == ["stranger", "sub-0001", "sub-0001"]
    gateway.on_add = lambda key, name: None  # It only looks.
    _hear(gateway, topic, {"id": "7", "params": [PAIR]})
    assert gateway.added[3:] == ["sub-0001"]
    assert [topic for topic, _ in gateway.sent] == [topic + b"_reply"] * 3
    for number, (_, payload) in enumerate(gateway.sent, 5):
        assert json.loads(payload) == {"id": str(number), "code": 200, "data": {}}


def test_each_push_has_its_consequence():
    for code, told, stage, wanted in (
        (427, ("sub-0001", "offline", 427), RELATED, False),
        (527, ("sub-0001", "offline", 527), RELATED, False),
        (521, ("sub-0001", "offline", 521), NAMED, False),
        (6401, ("sub-0001", "offline", 6401), REGISTERED, False),
        (522, ("sub-0001", "disabled", 522), RELATED, True),
        (520, None, RELATED, True),
        (999, None, ONLINE, True),
    ):
        gateway = _gateway()
        for _ in range(2):
            _hear(gateway, ERROR, {"id": "1", "code": code, "message": "m", "data": PAIR})
        assert gateway.told == ([told] if told else []), code
        assert gateway.roster.stage(0) == stage, code
        assert gateway.roster.is_wanted(0) == wanted, code
        assert gateway.sent == []  # An error push gets no reply.


def test_error_push_for_unknown_sub_device_is_ignored():
    gateway = _gateway()
    _hear(gateway, ERROR, {"id": "1", "code": 427, "data": OTHER})
    _hear(gateway, ERROR, {"id": "1", "code": 427})
    assert gateway.roster.stage(0) == ONLINE
    assert gateway.log == ["the platform pushed error 427"]


def test_malformed_notification_gets_no_reply():
    gateway = _gateway()
    for topic, payload in (
        (OWN + b"topo/change", b"no JSON"),
        (OWN + b"topo/change", b'{"id":"1","params":{"status":3,"subList":[]}}'),
        (OWN + b"topo/change", b'{"id":"1","params":{"status":1}}'),
        (OWN + b"topo/add/notify", b'{"id":"1","params":[1]}'),
        (ERROR, b'{"id":"1"}'),
        (ERROR, b'{"code":427,"data":[]}'),
    ):
        notifications.take(gateway, topic, payload)
    assert gateway.sent == []
    assert gateway.roster.stage(0) == ONLINE
