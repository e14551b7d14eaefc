"""Sub-devices online over their gateway's connection, and every way that ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from tests.platform.gateway import GATEWAY_PK, SUB_DS, SUB_PK, TIME, Gateway, names, signed, sub
from tests.platform.wire import ACCEPTED, Party, Wire, publish, sign, subscribe

LOGIN, LOGOUT = "combine/login", "combine/logout"
BATCH_LOGIN, BATCH_LOGOUT = "combine/batch_login", "combine/batch_logout"
PROPERTY = f"/sys/{SUB_PK}/sub-0001/thing/event/property/post"


@pytest.fixture
def gateway(platform: Platform) -> Iterator[Gateway]:
    """A gateway with three sub-devices in its topology."""
    with Gateway(platform) as made:
        for name in ("sub-0001", "sub-0002", "sub-0003"):
            sub(platform, name)
            assert made.ask("thing/topo/add", [signed(name)])[0] == 200
        yield made


def status(platform: Platform, name: str = "sub-0001") -> str:
    return platform.console.device(SUB_PK, name).status.value


def batch(*who: str) -> dict[str, object]:
    devices = [signed(name) for name in who]
    for one in devices:
        del one["signMethod"], one["signmethod"]
    return {"signMethod": "hmacSha256", "deviceList": devices}


def test_a_login_is_answered_byte_for_byte(gateway: Gateway, platform: Platform):
    request = (
        b'{"id":"123","params":{"productKey":"a1SubPk0001","deviceName":"sub-0001","clientId":'
        b'"a1SubPk0001.sub-0001","timestamp":"1700000000000","signMethod":"hmacSha1",'
        b'"cleanSession":"true","sign":"FFB0E0D041C0F6E36B968BCC25D65AC5A95473C4"}}'
    )
    assert gateway.ask_raw(LOGIN, request) == (
        b'{"code":200,"data":{"productKey":"a1SubPk0001","deviceName":"sub-0001"},"id":"123",'
        b'"message":"success"}'
    )
    assert status(platform) == "Online"
    assert gateway.ask_raw(LOGOUT, b'{"id":"124","params":%s}' % json.dumps(names()).encode()) == (
        b'{"code":200,"data":{"productKey":"a1SubPk0001","deviceName":"sub-0001"},"id":"124",'
        b'"message":"success"}'
    )
    assert status(platform) == "Offline"


def test_client_id_is_signed_with_its_extension(gateway: Gateway):
    # As the Link SDK for Python does it.
    whole = "a1SubPk0001.sub-0001|lan=Python,_v=2.2.1,_ss=1|"
    content = f"clientId{whole}deviceNamesub-0001productKey{SUB_PK}timestamp{TIME}"
    assert gateway.ask(LOGIN, signed(clientId=whole, sign=sign(SUB_DS, content)))[0] == 200


def test_message_of_sub_device_changes_its_own_state(gateway: Gateway, platform: Platform):
    assert gateway.ask(LOGIN, signed())[0] == 200
    gateway.wire.send(publish(PROPERTY, b'{"id":"1","params":{"t":21}}'))
    topic, body, _ = gateway.wire.read_publish()
    assert (topic, body["code"]) == (f"{PROPERTY}_reply", 200)
    assert platform.console.device(SUB_PK, "sub-0001").properties == {"t": 21}
    assert not platform.console.device(GATEWAY_PK, "gateway-1").properties
    gateway.wire.send(publish(f"/shadow/update/{SUB_PK}/sub-0001", b'{"method":"get"}'))
    assert gateway.wire.read_publish()[0] == f"/shadow/get/{SUB_PK}/sub-0001"


def test_message_to_sub_device_reaches_its_gateway(gateway: Gateway, platform: Platform):
    gateway.ask(LOGIN, signed())
    platform.cloud.set_properties(SUB_PK, "sub-0001", {"t": 1})
    topic, body, _ = gateway.wire.read_publish()
    assert topic == f"/sys/{SUB_PK}/sub-0001/thing/service/property/set"
    assert body["params"] == {"t": 1}
    custom = f"/{SUB_PK}/sub-0001/user/get"
    assert platform.cloud.send(SUB_PK, "sub-0001", custom, b"{}") == 0
    assert gateway.wire.ask(subscribe(1, (custom, 1))) == b"\x90\x03\x00\x01\x01"
    assert platform.cloud.send(SUB_PK, "sub-0001", custom, b"{}") == 1


def test_a_subscription_needs_a_session(gateway: Gateway):
    custom = f"/{SUB_PK}/sub-0001/user/get"
    assert gateway.wire.ask(subscribe(1, (custom, 1))) == b"\x90\x03\x00\x01\x80"


def test_a_hundred_subscriptions_each(gateway: Gateway):
    gateway.ask(BATCH_LOGIN, batch("sub-0001", "sub-0002"))
    for name in ("sub-0001", "sub-0002"):
        answers = [
            gateway.wire.ask(subscribe(1, (f"/{SUB_PK}/{name}/user/{number}", 0)))[-1]
            for number in range(101)
        ]
        assert answers == [0] * 100 + [0x80]


def test_message_without_session_returns_520_to_gateway(gateway: Gateway, platform: Platform):
    gateway.wire.send(publish(PROPERTY, b'{"id":"1","params":{"t":21}}'))
    topic, body, _ = gateway.wire.read_publish()
    assert topic == f"/ext/error/{GATEWAY_PK}/gateway-1"
    assert body == {
        "id": body["id"],
        "code": 520,
        "message": "device no session",
        "data": names(),
    }
    assert not platform.console.device(SUB_PK, "sub-0001").properties


def test_message_for_foreign_sub_device_gets_no_reply(gateway: Gateway, platform: Platform):
    sub(platform, "elsewhere-1")
    topic = f"/sys/{SUB_PK}/elsewhere-1/thing/event/property/post"
    gateway.wire.send(publish(topic, b'{"id":"1","params":{"t":21}}'))
    assert gateway.ask("thing/topo/get", {})[0] == 200  # And nothing before it.
    platform.expect("publish_refused", timeout=0)


@pytest.mark.parametrize(
    ("tail", "params", "code", "data"),
    [
        (LOGIN, None, 460, {}),
        (LOGIN, {}, 460, {}),
        (LOGIN, signed(clientId=""), 460, names()),
        (LOGIN, signed(signMethod="hmacsha512"), 460, names()),
        (LOGIN, signed(secret="wrong"), 6287, names()),
        (LOGIN, signed("nobody-1"), 6100, names("nobody-1")),
        (LOGOUT, names(), 520, names()),
        (LOGOUT, [names()], 460, {}),
        (BATCH_LOGIN, {"deviceList": []}, 460, {}),
        (BATCH_LOGOUT, [names()], 520, [names()]),
        (BATCH_LOGOUT, names(), 460, {}),
    ],
)
def test_invalid_session_request_has_its_code(
    gateway: Gateway, platform: Platform, tail: str, params: object, code: int, data: object
):
    assert gateway.ask(tail, params) == (code, data)
    assert status(platform) == "Inactive"


def test_a_login_without_topology_is_refused(gateway: Gateway, platform: Platform):
    sub(platform, "sub-0009")
    assert gateway.ask(LOGIN, signed("sub-0009")) == (6401, names("sub-0009"))


def test_batch_logs_in_and_logs_out(gateway: Gateway, platform: Platform):
    three = ("sub-0001", "sub-0002", "sub-0003")
    assert gateway.ask(BATCH_LOGIN, batch(*three)) == (200, [names(one) for one in three])
    assert {status(platform, one) for one in three} == {"Online"}
    assert gateway.ask(BATCH_LOGOUT, [names(one) for one in three])[0] == 200
    assert {status(platform, one) for one in three} == {"Offline"}


def test_one_bad_sub_device_fails_the_batch(gateway: Gateway, platform: Platform):
    wanted = batch("sub-0001", "nobody-1", "sub-0002")
    assert gateway.ask(BATCH_LOGIN, wanted) == (6100, [names("nobody-1")])
    assert status(platform) == "Inactive"


def test_fifty_fit_in_a_batch(gateway: Gateway):
    assert gateway.ask(BATCH_LOGIN, batch(*["sub-0001"] * 51))[0] == 460


def test_a_login_again_changes_nothing(gateway: Gateway, platform: Platform):
    assert gateway.ask(LOGIN, signed())[0] == 200
    assert gateway.ask(LOGIN, signed())[0] == 200
    assert platform.console.device(SUB_PK, "sub-0001").sessions == 1
    assert not platform.events(kind="kicked")


def test_five_logins_a_minute(gateway: Gateway, clock: ManualClock):
    codes = [gateway.ask(LOGIN, signed())[0] for _ in range(6)]
    assert codes == [200] * 5 + [429]
    event = gateway.platform.expect("gateway_refused", timeout=0)
    assert (event.code, event.reason) == (429, "more than 5 logins in a minute")
    clock.advance(60)
    assert gateway.ask(LOGIN, signed())[0] == 200


def test_setting_limits_logins_per_second_of_gateway(
    make_platform: Callable[..., Platform], clock: ManualClock
):
    platform = make_platform(clock=clock, settings=Settings(gateway_logins_a_second=2))
    with Gateway(platform) as gateway:
        for name in ("sub-0001", "sub-0002", "sub-0003"):
            sub(platform, name)
            gateway.ask("thing/topo/add", [signed(name)])
        codes = [gateway.ask(LOGIN, signed(f"sub-000{one}"))[0] for one in (1, 2, 3)]
        assert codes == [200, 200, 429]
        event = platform.expect("gateway_refused", timeout=0)
        assert (event.code, event.reason) == (429, "more than 2 logins in a second")
        clock.advance(1)
        assert gateway.ask(LOGIN, signed("sub-0003"))[0] == 200


def test_too_many_online_are_answered_428(make_platform: Callable[..., Platform]):
    platform = make_platform(settings=Settings(max_sub_devices=1))
    with Gateway(platform) as gateway:
        sub(platform)
        gateway.ask("thing/topo/add", [signed()])
        assert gateway.ask(LOGIN, signed())[0] == 200
        sub(platform, "sub-0002")
        platform.cloud.add_sub_device(SUB_PK, "sub-0002", gateway=(GATEWAY_PK, "gateway-1"))
        assert gateway.told()[0] == "thing/topo/change"
        assert gateway.ask(LOGIN, signed("sub-0002"))[0] == 428
        event = platform.expect("gateway_refused", timeout=0)
        assert (event.code, event.reason) == (428, "1 are online already")


def test_which_number_means_disabled_is_a_setting(make_platform):
    platform = make_platform(settings=Settings(topo_enabled=8))
    with Gateway(platform) as gateway:
        sub(platform, "sub-0001")
        gateway.ask("thing/topo/add", [signed()])
        platform.console.disable_device(SUB_PK, "sub-0001")
        assert gateway.told()[1]["params"]["status"] == 2
        assert gateway.told()[0] == "thing/disable"
        platform.console.enable_device(SUB_PK, "sub-0001")
        assert gateway.told()[1]["params"]["status"] == 8


def test_sub_devices_go_offline_with_their_gateway(gateway: Gateway, platform: Platform):
    gateway.ask(BATCH_LOGIN, batch("sub-0001", "sub-0002"))
    gateway.wire.send(b"\xe0\x00")
    assert gateway.wire.read() == b""
    assert {status(platform, f"sub-000{one}") for one in (1, 2)} == {"Offline"}
    assert platform.expect("offline", device_name="sub-0001", timeout=0).reason == (
        "its gateway went offline"
    )


def test_disabled_sub_device_is_reported_and_logged_out(gateway: Gateway, platform: Platform):
    gateway.ask(LOGIN, signed())
    platform.console.disable_device(SUB_PK, "sub-0001")
    tail, body = gateway.told()
    assert (tail, body["params"]) == ("thing/topo/change", {"status": 8, "subList": [names()]})
    tail, body = gateway.told()
    assert (tail, body["method"]) == ("thing/disable", "thing.disable")
    tail, body = gateway.told()
    assert (body["code"], body["data"]) == (522, names())
    assert gateway.ask(LOGIN, signed())[0] == 522
    platform.console.enable_device(SUB_PK, "sub-0001")
    assert gateway.told()[1]["params"]["status"] == 2
    assert gateway.told()[0] == "thing/enable"
    assert gateway.ask(LOGIN, signed())[0] == 200


def test_deleted_sub_device_is_reported_and_logged_out(gateway: Gateway, platform: Platform):
    gateway.ask(LOGIN, signed())
    platform.console.remove_device(SUB_PK, "sub-0001")
    assert gateway.told()[1]["params"]["status"] == 1
    assert gateway.told()[0] == "thing/delete"
    assert gateway.told()[1]["code"] == 521
    assert gateway.ask(LOGIN, signed())[0] == 6100


def test_separated_sub_device_is_logged_out(gateway: Gateway, platform: Platform):
    gateway.ask(LOGIN, signed())
    platform.cloud.remove_sub_device(SUB_PK, "sub-0001")
    codes = [gateway.told()[1].get("code") for _ in range(3)]
    assert codes == [None, None, 6401]


def test_direct_login_ends_the_session_through_gateway(gateway: Gateway, platform: Platform):
    gateway.ask(LOGIN, signed())
    party = Party(platform.console.product(SUB_PK), "sub-0001", SUB_DS)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        assert gateway.told()[1]["code"] == 427
        assert status(platform) == "Online"
        assert gateway.ask(LOGIN, signed())[0] == 200  # And the other way round.
        assert wire.read() == b""
    assert platform.console.device(SUB_PK, "sub-0001").sessions == 1


def test_gateway_deletes_online_sub_device(gateway: Gateway, platform: Platform):
    gateway.ask(LOGIN, signed())
    assert gateway.ask("thing/topo/delete", [names()])[0] == 200
    assert status(platform) == "Offline"


def test_new_gateway_does_not_inherit_old_topology(gateway: Gateway, platform: Platform):
    platform.console.remove_device(GATEWAY_PK, "gateway-1")
    platform.console.add_device(GATEWAY_PK, "gateway-1")
    assert platform.cloud.gateway_of(SUB_PK, "sub-0001") is None
    assert not platform.cloud.sub_devices(GATEWAY_PK, "gateway-1")
