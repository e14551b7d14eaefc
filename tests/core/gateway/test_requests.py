"""requests.py: the effect of every reply; a bad sub-device never affects the others."""

import json
from time import ticks_add, ticks_ms

from alink import envelope
from alink.gateway import requests
from alink.gateway.requests import Requests
from alink.gateway.roster import EMPTY, LEAVING, NAMED, ONLINE, REGISTERED, RELATED
from check import raises
from gatewayfake import Gateway

KEY = b"a1SubPk0001"
SUBS = [(KEY, b"sub-0001", b"s1"), (KEY, b"sub-0002", b"s2"), (KEY, b"sub-0003", b"s3")]
PAIRS = [{"productKey": KEY.decode(), "deviceName": sub[1].decode()} for sub in SUBS]
SECRETS = [dict(deviceSecret="new-%d" % at, iotId="x", **PAIRS[at]) for at in range(3)]


class Desk:
    """A gateway's requests whose replies a test gives."""

    def __init__(self, stage, count=3, **more):
        self.gateway = Gateway(stage, SUBS[:count], **more)
        self.requests = Requests(self.gateway)
        self.now = ticks_ms()

    def ask(self):
        """Return the topic and the names of the request due now, () without one."""
        before = len(self.gateway.sent)
        self.requests.step(self.now)
        if len(self.gateway.sent) == before:
            return ()
        topic, payload = self.gateway.sent[-1]
        params = json.loads(payload)["params"]
        if isinstance(params, dict):
            params = params.get("deviceList") or params.get("proxieds") or [params]
        what = topic.decode().split("/a1GatewayPk/gateway-1/")[1]
        return what, [one["deviceName"] for one in params]

    def answer(self, code, data=None):
        number = json.loads(self.gateway.sent[-1][1])["id"]
        body = {"id": number, "code": code, "data": data, "message": "m"}
        self.take(json.dumps(body).encode())
        self.now = ticks_add(self.now, 100)  # The rest after a login is over.

    def take(self, payload):
        self.requests.take(payload)
        self.requests.step(self.now)

    def told(self):
        """Return the reports to the application, except for logins."""
        return [one for one in self.gateway.told if one[1] != "online"]

    def stages(self):
        book = self.gateway.roster
        return [book.stage(slot) for slot in range(len(book))]


ALL = ["sub-0001", "sub-0002", "sub-0003"]


def test_the_way_from_a_name_to_a_session():
    desk = Desk(NAMED)
    assert desk.ask() == ("thing/sub/register", ALL)
    assert desk.ask() == ()  # One request at a time.
    desk.answer(200, SECRETS)
    assert desk.gateway.kept[1] == (KEY, b"sub-0002", b"new-1")
    assert desk.ask() == ("thing/topo/add", ALL)
    desk.answer(200, {})
    assert desk.ask() == ("combine/batch_login", ALL)
    desk.answer(200, PAIRS)
    assert desk.stages() == [ONLINE] * 3
    assert desk.gateway.told == [(name, "online", 200) for name in ALL]
    replies = b"/sys/a1SubPk0001/sub-000%d/thing/event/+/post_reply"
    assert desk.gateway.heard == [replies % number for number in (1, 2, 3)]
    assert desk.ask() == ()
    assert desk.requests.idle


def test_missing_secret_is_requested_alone_and_refusal_reported():
    desk = Desk(NAMED)
    desk.ask()
    desk.answer(200, [SECRETS[0], SECRETS[2]])
    assert desk.stages() == [REGISTERED, NAMED, REGISTERED]
    assert desk.ask() == ("thing/topo/add", ["sub-0001", "sub-0003"])
    desk.answer(200, {})
    assert desk.ask() == ("combine/batch_login", ["sub-0001", "sub-0003"])
    desk.answer(200, [])
    assert desk.ask() == ("thing/sub/register", ["sub-0002"])
    desk.answer(6100)
    assert desk.told() == [("sub-0002", "refused", 6100)]
    assert desk.ask() == ()


def test_empty_secret_list_leads_to_single_registrations():
    desk = Desk(NAMED)
    desk.ask()
    desk.answer(200, [])
    assert desk.told() == []
    assert desk.ask() == ("thing/sub/register", ["sub-0001"])


def test_a_signed_registration_tells_its_failures():
    desk = Desk(NAMED, products={KEY: b"secret"})
    assert desk.ask() == ("thing/proxy/provisioning/product_register", ALL)
    desk.answer(200, {"successes": SECRETS[:2], "failures": [dict(code=6288, **PAIRS[2])]})
    for _ in range(2):  # The topology and the login of the others.
        desk.ask()
        desk.answer(200, {})
    assert desk.ask() == ("thing/proxy/provisioning/product_register", ["sub-0003"])
    desk.answer(200, {"successes": [], "failures": [dict(code=6288, **PAIRS[2])]})
    assert desk.told() == [("sub-0003", "refused", 6288)]
    # The vendor does not document the form of a failure.
    for data in ({}, None, [], {"failures": ["?"]}, {"failures": [{}]}, "", {"successes": [3]}):
        desk = Desk(NAMED, 1, products={KEY: b"secret"})
        desk.ask()
        desk.answer(200, data)
        assert desk.told() == [("sub-0001", "refused", 0)], data
        assert desk.ask() == ()


def test_full_flash_delays_the_registration():
    desk = Desk(NAMED)
    desk.gateway.full = True
    desk.ask()
    desk.answer(200, SECRETS)
    assert desk.stages() == [NAMED] * 3
    assert desk.ask() == ()
    desk.gateway.full = False
    desk.now = ticks_add(desk.now, 15001)
    assert desk.ask() == ("thing/sub/register", ALL)


def test_refusal_affects_only_named_sub_devices():
    desk = Desk(RELATED)
    desk.ask()
    desk.answer(6100, [PAIRS[1]])
    assert desk.told() == [("sub-0002", "refused", 6100)]
    assert desk.ask() == ("combine/batch_login", ["sub-0001", "sub-0003"])


def test_refusal_without_names_retries_each_alone():
    odd = [{"productKey": None, "deviceName": "sub-0001"}, {"productKey": 1}, {}]
    for data in ({}, None, "", [], [1, None], odd):
        desk = Desk(REGISTERED)
        desk.ask()
        desk.answer(401, data)
        assert desk.gateway.told == []
        for name, code in (("sub-0001", 200), ("sub-0002", 6400), ("sub-0003", 200)):
            while desk.ask() != ("thing/topo/add", [name]):
                desk.answer(200, {})  # The login of the one before.
            desk.answer(code, {})
        assert desk.told() == [("sub-0002", "refused", 6400)], data


def test_temporary_error_is_retried_after_15_seconds():
    for code in (429, 500):
        desk = Desk(RELATED)
        desk.ask()
        desk.answer(code, [])
        assert desk.ask() == ()
        desk.now = ticks_add(desk.now, 15001)
        assert desk.ask() == ("combine/batch_login", ALL)


def test_missing_reply_times_out_after_ten_seconds():
    desk = Desk(RELATED)
    desk.ask()
    late = json.loads(desk.gateway.sent[-1][1])["id"]
    desk.now = ticks_add(desk.now, 9000)
    assert desk.ask() == ()
    assert not desk.requests.idle
    desk.now = ticks_add(desk.now, 1100)
    assert desk.ask() == ()
    desk.requests.take(json.dumps({"id": late, "code": 200, "data": PAIRS}).encode())
    assert desk.stages() == [RELATED] * 3
    desk.now = ticks_add(desk.now, 15001)
    assert desk.ask() == ("combine/login", ["sub-0001"])  # It may have been too long.


def test_lost_relation_is_added_again_once():
    desk = Desk(RELATED, 1)
    desk.ask()
    desk.answer(6401, PAIRS[0])
    assert desk.ask() == ("thing/topo/add", ["sub-0001"])
    desk.answer(200, {})
    assert desk.ask() == ("combine/login", ["sub-0001"])
    desk.answer(6401, PAIRS[0])
    assert desk.told() == [("sub-0001", "refused", 6401)]
    assert desk.ask() == ()


def test_one_with_another_secret_is_registered_again_once():
    for stage, code, topic in (
        (RELATED, 6287, "combine/login"),
        (REGISTERED, 401, "thing/topo/add"),
    ):
        desk = Desk(stage, 1)
        assert desk.ask()[0] == topic
        desk.answer(code)
        assert desk.ask() == ("thing/sub/register", ["sub-0001"])
        desk.answer(200, SECRETS[:1])
        assert desk.ask() == ("thing/topo/add", ["sub-0001"])
        desk.answer(401)
        assert desk.told() == [("sub-0001", "refused", 401)]


def test_a_disabled_one_waits():
    for stage, code in ((RELATED, 522), (REGISTERED, 6204)):
        desk = Desk(stage, 1)
        desk.ask()
        desk.answer(code)
        assert desk.told() == [("sub-0001", "disabled", code)]
        desk.now = ticks_add(desk.now, 3600001)
        assert desk.ask() == ()


def test_a_logout_counts_whatever_is_answered():
    for code in (200, 520, 460):
        desk = Desk(ONLINE, 1)
        assert desk.ask() == ("combine/logout", ["sub-0001"])
        desk.answer(code)
        assert desk.told() == [("sub-0001", "offline", 200)]
        assert desk.stages() == [RELATED]


def test_forgotten_sub_device_leaves_topology_and_flash():
    for code in (200, 6401, 6100):
        desk = Desk(LEAVING, 1)
        assert desk.ask() == ("thing/topo/delete", ["sub-0001"])
        desk.answer(code)
        assert desk.stages() == [EMPTY]
        assert desk.gateway.kept == {0: None}
    desk = Desk(LEAVING, 1)
    desk.ask()
    desk.gateway.roster.want(0, desk.now)  # It is added again before the reply comes.
    desk.answer(200)
    assert desk.ask() == ("thing/topo/add", ["sub-0001"])


def test_damaged_record_empties_its_slot():
    desk = Desk(RELATED)
    del desk.gateway.kept[1]
    assert desk.ask() == ("combine/batch_login", ["sub-0001", "sub-0003"])
    assert desk.stages() == [RELATED, EMPTY, RELATED]


def test_malformed_reply_changes_nothing():
    desk = Desk(RELATED)
    desk.ask()
    for payload in (b"", b"{}", b'{"id":"x","code":200}', b'{"id":"77","code":200,"data":[]}'):
        desk.take(payload)
    assert desk.stages() == [RELATED] * 3
    assert len(desk.gateway.log) == 3
    desk.answer(200, PAIRS)
    assert desk.stages() == [ONLINE] * 3


def test_reply_without_heap_shrinks_the_batch_then_waits():
    for lose in (_too_long, _no_heap):
        desk = Desk(RELATED, batch=3)
        assert desk.ask() == ("combine/batch_login", ALL)
        lose(desk)
        assert desk.gateway.batch == 1
        assert desk.ask() == ("combine/login", ["sub-0001"])
        lose(desk)
        assert desk.ask() == ("combine/login", ["sub-0002"])
        desk.answer(200, {})
        assert desk.ask() == ("combine/login", ["sub-0003"])
        desk.answer(200, {})
        assert desk.ask() == ()
        desk.now = ticks_add(desk.now, 15001)
        assert desk.ask() == ("combine/login", ["sub-0001"])
        assert desk.told() == []  # No sub-device was refused.


def _too_long(desk):
    desk.take(None)


def _no_heap(desk):
    reply, envelope.reply = envelope.reply, _short
    try:
        desk.answer(200, PAIRS)
    finally:
        envelope.reply = reply


def _short(*_):
    raise MemoryError


def test_login_without_heap_is_repeated():
    desk = Desk(RELATED, 1)
    desk.ask()
    hear, desk.gateway.hear = desk.gateway.hear, _short
    raises(MemoryError, desk.answer, 200, {})
    desk.gateway.hear = hear
    assert desk.stages() == [RELATED]
    assert desk.ask() == ("combine/login", ["sub-0001"])
    desk.answer(200, {})
    assert desk.gateway.told == [("sub-0001", "online", 200)]


def test_a_late_reply_to_former_errands_is_nobodys():
    desk = Desk(RELATED, 1)
    usual, requests.ticks_ms = requests.ticks_ms, lambda: 70000
    desk.requests = Requests(desk.gateway)
    requests.ticks_ms = usual
    desk.requests._until = desk.now
    assert desk.ask() == ("combine/login", ["sub-0001"])
    desk.take(b'{"id":"1","code":200,"data":{}}')
    assert desk.stages() == [RELATED]
    desk.answer(200, {})
    assert desk.stages() == [ONLINE]


def test_request_without_heap_shrinks_the_batch_then_waits():
    desk = Desk(RELATED, batch=3)
    read, desk.gateway.read = desk.gateway.read, _short
    assert desk.ask() == ()
    assert desk.gateway.batch == 1
    assert desk.ask() == ()
    desk.gateway.read = read
    assert desk.ask() == ("combine/login", ["sub-0002"])
    desk.answer(200, {})
    desk.now = ticks_add(desk.now, 15001)
    assert desk.ask() == ("combine/login", ["sub-0001"])
    assert desk.told() == []
