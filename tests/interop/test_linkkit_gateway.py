"""The vendor's Link SDK for Python, unmodified, as a gateway: its sub-devices come online."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from alink_sim.platform import Platform
from tests.interop.linkkit import LinkKit

pytestmark = pytest.mark.interop

GATEWAY_PK, SUB_PK, SUB_PS = "a1GatewayPk", "a1SubPk0001", "SubProdSecret001"
NAMES = [[SUB_PK, "sub-0001"], [SUB_PK, "sub-0002"]]


@pytest.fixture
def gateway(platform: Platform) -> Iterator[LinkKit]:
    """The SDK, logged in as a gateway; two sub-devices are registered beforehand."""
    platform.console.create_product(key=GATEWAY_PK, node_type=1)
    platform.console.create_product(key=SUB_PK, secret=SUB_PS)
    for key, name in NAMES:
        platform.console.add_device(key, name)
    device = platform.console.add_device(GATEWAY_PK, "gateway-1")
    with LinkKit(platform, GATEWAY_PK, "gateway-1", device_secret=device.secret) as client:
        client.call("thing_setup")
        client.log_in()
        yield client


def ask(gateway: LinkKit, verb: str, callback: str, subs: list[list[str]]) -> tuple[int, Any]:
    """Make a call about sub-devices; return code and data of the reply to it."""
    returned, number = gateway.call(f"gateway_{verb}", subs)
    assert returned == 0
    answered, code, data, message, _user_data = gateway.expect(f"on_gateway_{callback}_reply")
    assert answered == number
    assert message == "success" if code == 200 else message
    return code, data


def pairs(subs: list[list[str]]) -> list[dict[str, str]]:
    return [{"productKey": one[0], "deviceName": one[1]} for one in subs]


@pytest.mark.parametrize("signed", [False, True])
def test_sub_devices_register_log_in_and_out(gateway: LinkKit, platform: Platform, signed: bool):
    if signed:
        what, wanted = "product_register_subdev", [[*one, SUB_PS] for one in NAMES]
    else:
        what, wanted = "register_subdev", NAMES
    code, data = ask(gateway, what, what, wanted)
    registered = data["successes"] if signed else data
    secrets = {one["deviceName"]: one["deviceSecret"] for one in registered}
    assert (code, secrets) == (200, {n: platform.console.device(k, n).secret for k, n in NAMES})
    known = [[key, name, secrets[name]] for key, name in NAMES]
    assert ask(gateway, "add_subdev_topo", "add_subdev_topo", known) == (200, {})
    assert len(platform.cloud.sub_devices(GATEWAY_PK, "gateway-1")) == 2
    assert ask(gateway, "login_subdev", "login_subdev", known) == (200, pairs(NAMES))
    assert {platform.console.device(key, name).status for key, name in NAMES} == {"Online"}
    assert ask(gateway, "logout_subdev", "logout_subdev", NAMES) == (200, pairs(NAMES))
    assert {platform.console.device(key, name).status for key, name in NAMES} == {"Offline"}
    assert ask(gateway, "delete_subdev_topo", "delete_subdev_topo", NAMES) == (200, {})
    assert not platform.cloud.sub_devices(GATEWAY_PK, "gateway-1")


def test_publishes_and_receives_for_a_sub_device(gateway: LinkKit, platform: Platform):
    known = [[key, name, platform.console.device(key, name).secret] for key, name in NAMES]
    ask(gateway, "add_subdev_topo", "add_subdev_topo", known)
    ask(gateway, "login_subdev", "login_subdev", known)
    post = f"/sys/{SUB_PK}/sub-0001/thing/event/property/post"
    gateway.call("publish_topic", post, '{"id":"7","version":"1.0","params":{"t":21}}')
    topic, payload, *_ = gateway.expect("on_topic_message")
    assert (topic, '"code":200' in payload) == (f"{post}_reply", True)
    assert platform.console.device(SUB_PK, "sub-0001").properties == {"t": 21}


def test_gets_refusal_codes_and_topology_changes(gateway: LinkKit, platform: Platform):
    known = [[key, name, platform.console.device(key, name).secret] for key, name in NAMES]
    assert ask(gateway, "login_subdev", "login_subdev", known) == (6401, pairs(NAMES))
    wrong = [[SUB_PK, "sub-0001", "wrong"]]
    assert ask(gateway, "add_subdev_topo", "add_subdev_topo", wrong)[0] == 401
    platform.console.set_dynamic_registration(SUB_PK, False)
    assert ask(gateway, "register_subdev", "register_subdev", NAMES)[0] == 6288
    ask(gateway, "add_subdev_topo", "add_subdev_topo", known)
    platform.console.disable_device(SUB_PK, "sub-0001")
    _number, params, _user_data = gateway.expect("on_gateway_topo_change")
    assert params == {"status": 8, "subList": pairs(NAMES[:1])}
