"""The device shadow on the wire: versions, conflicts, deletion.

docs/reference/protocol.md, "Shadow".
"""

from __future__ import annotations

import json

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.online import Online
from tests.platform.wire import Party


class Shadowed(Online):
    """A logged-in device that talks to its shadow."""

    def tell(self, payload: bytes) -> bytes:
        return self.exchange("/shadow/update/{pk}/{dn}", payload, "/shadow/get/{pk}/{dn}")

    def refusal(self, payload: bytes) -> str:
        return str(json.loads(self.tell(payload))["payload"]["content"]["errorcode"])


@pytest.fixture
def online(platform: Platform, party: Party):
    made = Shadowed(platform, party)
    with made.wire:
        yield made


@pytest.mark.client_row(6, "timestamp and version at the top")
def test_update_reply_has_version_and_no_state(online: Shadowed, clock: ManualClock):
    answer = online.tell(b'{"method":"update","state":{"reported":{"color":"red"}},"version":1}')
    now = int(clock.time())
    assert answer == (
        b'{"method":"reply","payload":{"status":"success","version":1},"timestamp":%d}' % now
    )
    assert online.tell(b'{"method":"get"}') == (
        b'{"method":"reply","payload":{"status":"success","state":{"reported":{"color":"red"}},'
        b'"metadata":{"reported":{"color":{"timestamp":%d}}}},"version":1,"timestamp":%d}'
        % (now, now)
    )


@pytest.mark.parametrize("version", [0, 3])
def test_version_that_is_not_newer_is_refused(online: Shadowed, version: int):
    online.tell(b'{"method":"update","state":{"reported":{"a":1}},"version":3}')
    late = b'{"method":"update","state":{"reported":{"a":2}},"version":%d}' % version
    assert online.refusal(late) == "409"
    assert online.device.documents["shadow"]["state"] == {"reported": {"a": 1}}


def test_version_minus_one_begins_again(online: Shadowed):
    online.tell(b'{"method":"update","state":{"reported":{"a":1}},"version":1763900000000}')
    again = online.tell(b'{"method":"update","state":{"reported":{"a":2}},"version":-1}')
    assert json.loads(again)["payload"] == {"status": "success", "version": 0}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "400"),
        (b"{}", "401"),
        (b"[]", "401"),
        (b'{"method":"update","version":1}', "402"),
        (b'{"method":"update","state":{"reported":{"a":1}}}', "403"),
        (b'{"method":"update","state":{"reported":{"a":1}},"version":"1"}', "403"),
        (b'{"method":"update","state":{},"version":1}', "404"),
        (b'{"method":"update","state":{"reported":{}},"version":1}', "405"),
        (b'{"method":"replace","state":{},"version":1}', "406"),
    ],
)
def test_each_fault_has_its_code_and_changes_nothing(online: Shadowed, payload: bytes, code: str):
    assert online.refusal(payload) == code
    assert "shadow" not in online.device.documents


def test_the_129th_attribute_is_refused(online: Shadowed):
    many = {f"a{number}": 0 for number in range(129)}
    body = {"method": "update", "state": {"reported": many}, "version": 1}
    assert online.refusal(json.dumps(body).encode()) == "408"


def test_reported_attributes_can_be_deleted(online: Shadowed):
    online.tell(b'{"method":"update","state":{"reported":{"a":1,"b":2}},"version":1}')
    online.tell(b'{"method":"delete","state":{"reported":{"a":"null"}},"version":2}')
    assert online.device.documents["shadow"]["state"] == {"reported": {"b": 2}}
    online.tell(b'{"method":"delete","state":{"reported":"null"},"version":3}')
    assert online.device.documents["shadow"]["state"] == {}


@pytest.mark.client_row(6, "control")
def test_desired_state_is_pushed_and_cleared(online: Shadowed, clock: ManualClock):
    product_key, name = online.party.product.key, online.party.name
    online.platform.cloud.set_shadow(product_key, name, {"color": "green"}, version=1)
    topic, body, qos = online.wire.read_publish()
    assert (topic, qos) == (f"/shadow/get/{product_key}/{name}", 0)
    now = int(clock.time())
    assert body == {
        "method": "control",
        "payload": {
            "status": "success",
            "state": {"desired": {"color": "green"}},
            "metadata": {"desired": {"color": {"timestamp": now}}},
        },
        "version": 1,
        "timestamp": now,
    }
    online.tell(b'{"method":"update","state":{"desired":"null"},"version":2}')
    assert online.device.documents["shadow"]["state"] == {}
