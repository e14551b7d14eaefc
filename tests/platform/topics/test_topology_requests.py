"""Registration of sub-devices and topology, as bytes on a gateway's connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from alink_sim.platform import Platform, Settings
from tests.platform.gateway import (
    GATEWAY_PK,
    SUB_DS,
    SUB_PK,
    Gateway,
    names,
    proxied,
    signed,
    sub,
)
from tests.platform.wire import ACCEPTED, Party, Wire, publish, sign

REGISTER = "thing/sub/register"
PROXY = "thing/proxy/provisioning/product_register"
ADD, DELETE, GET = "thing/topo/add", "thing/topo/delete", "thing/topo/get"

# Computed with Python's hmac over the very content; the layout is the vendor manual's.
VECTORS = {
    "hmacMd5": "FF7C50C033DFA8AEABD495EBB7E6E276",
    "hmacSha1": "FFB0E0D041C0F6E36B968BCC25D65AC5A95473C4",
    "hmacSha256": "9F1E2B8904D17D2546C344D9F5B9C3F6A87149DBE660924B355811614685EF65",
}
PROXY_VECTORS = {
    "hmacMd5": "49607FD4350E796B301AD69209438F34",
    "hmacSha1": "19197138E75B61554470737847138E8BF9828BA1",
    "hmacSha256": "3F2BF9D5D68522506CFDC52199D62CB5AEC257D67FDEB72414640BF4FA46C804",
}


@pytest.fixture
def gateway(platform: Platform) -> Iterator[Gateway]:
    with Gateway(platform) as made:
        sub(platform)
        yield made


@pytest.mark.client_row(5, "sub/register")
def test_a_registration_is_answered_byte_for_byte(gateway: Gateway, platform: Platform):
    request = (
        b'{"id":"123","version":"1.0","params":[{"deviceName":"sub-0001",'
        b'"productKey":"a1SubPk0001"}],"method":"thing.sub.register"}'
    )
    iot_id = platform.console.device(SUB_PK, "sub-0001").iot_id
    assert (
        gateway.ask_raw(REGISTER, request)
        == (
            b'{"code":200,"data":[{"iotId":"%s","productKey":"a1SubPk0001","deviceName":"sub-0001",'
            b'"deviceSecret":"fedcba9876543210fedcba9876543210"}],"id":"123","message":"success",'
            b'"method":"thing.sub.register","version":"1.0"}'
        )
        % iot_id.encode()
    )


@pytest.mark.parametrize("method", VECTORS)
@pytest.mark.parametrize("spelled", ["signmethod", "signMethod"])
def test_topology_takes_the_signature_of_each_method(
    gateway: Gateway, platform: Platform, method: str, spelled: str
):
    request = (
        b'{"id":"123","version":"1.0","params":[{"deviceName":"sub-0001","productKey":'
        b'"a1SubPk0001","sign":"%s","%s":"%s","timestamp":"1700000000000",'
        b'"clientId":"a1SubPk0001.sub-0001"}],"method":"thing.topo.add"}'
    ) % (VECTORS[method].encode(), spelled.encode(), method.encode())
    assert gateway.ask_raw(ADD, request) == (
        b'{"code":200,"data":{},"id":"123","message":"success","method":"thing.topo.add",'
        b'"version":"1.0"}'
    )
    owner = platform.cloud.gateway_of(SUB_PK, "sub-0001")
    assert owner
    assert owner.name == "gateway-1"


@pytest.mark.parametrize("method", PROXY_VECTORS)
def test_a_registration_signed_with_the_product_secret(
    gateway: Gateway, platform: Platform, method: str
):
    request = (
        b'{"id":"1","version":"1.0","params":{"proxieds":[{"productKey":"a1SubPk0001",'
        b'"deviceName":"sub-0001","random":"A1B2C3D4E5F6A7B8C9D0","signMethod":"%s","sign":"%s"}]}}'
    ) % (method.encode(), PROXY_VECTORS[method].encode())
    iot_id = platform.console.device(SUB_PK, "sub-0001").iot_id.encode()
    assert gateway.ask_raw(PROXY, request) == (
        b'{"code":200,"data":{"failures":[],"successes":[{"iotId":"%s","productKey":"a1SubPk0001",'
        b'"deviceName":"sub-0001","deviceSecret":"fedcba9876543210fedcba9876543210"}]},"id":"1",'
        b'"message":"success","method":"thing.proxy.provisioning.product_register",'
        b'"version":"1.0"}' % iot_id
    )


@pytest.mark.client_row(5, "topo/get with {} or the text")
def test_a_list_of_the_topology_and_its_end(gateway: Gateway):
    assert gateway.ask(GET, {}) == (200, [])
    assert gateway.ask(ADD, [signed()]) == (200, {})
    assert gateway.ask(GET, "{}") == (200, [names()])  # The C SDK sends the text.
    assert gateway.ask(DELETE, [names()]) == (200, {})
    assert gateway.ask(GET, {}) == (200, [])
    assert gateway.ask(DELETE, [names()]) == (6401, {})


def test_timestamp_may_be_number_of_any_length(gateway: Gateway):
    # N0 and N1 send JSON numbers, C3 its uptime: seven digits.
    for time in ("1700000000000", "1234567"):
        content = (
            f"clientIda1SubPk0001.sub-0001deviceNamesub-0001productKeya1SubPk0001timestamp{time}"
        )
        request = (
            b'{"id":"9","version":"1.0","params":[{"productKey":"a1SubPk0001","deviceName":'
            b'"sub-0001","clientId":"a1SubPk0001.sub-0001","timestamp":%s,"signMethod":"hmacsha256",'
            b'"sign":"%s"}],"method":"thing.topo.add"}'
            % (time.encode(), sign(SUB_DS, content).encode())
        )
        assert json.loads(gateway.ask_raw(ADD, request))["code"] == 200
        assert gateway.ask(DELETE, [names()]) == (200, {})


def test_topology_outlives_a_restart(make_platform: Callable[..., Platform], tmp_path):
    first = make_platform(state=tmp_path)
    with Gateway(first) as gateway:
        sub(first)
        assert gateway.ask(ADD, [signed()])[0] == 200
    first.stop()
    with Gateway(make_platform(state=tmp_path)) as gateway:
        assert gateway.ask(GET, {}) == (200, [names()])


@pytest.mark.parametrize("count", [30, 31])
def test_thirty_sub_devices_fit_in_a_registration(
    gateway: Gateway, platform: Platform, count: int
):
    wanted = [names(f"many-{number:04}") for number in range(count)]
    for one in wanted:
        platform.console.add_device(SUB_PK, one["deviceName"])
    code, data = gateway.ask(REGISTER, wanted)
    assert (code, len(data)) == ((200, 30) if count == 30 else (460, 0))


def test_unknown_sub_device_does_not_fail_the_others(gateway: Gateway):
    code, data = gateway.ask(REGISTER, [names("nobody-1"), names()])
    assert code == 200
    assert [one["deviceName"] for one in data] == ["sub-0001"]


SELF = {"productKey": GATEWAY_PK, "deviceName": "gateway-1"}


@pytest.mark.parametrize(
    ("tail", "params", "code"),
    [
        (REGISTER, None, 460),
        (REGISTER, [], 460),
        (REGISTER, {}, 460),
        (REGISTER, ["sub-0001"], 460),
        (REGISTER, [{"productKey": SUB_PK}], 460),
        (REGISTER, [{"productKey": SUB_PK, "deviceName": 1}], 460),
        (REGISTER, [SELF], 6402),
        (REGISTER, [names("nobody-1")], 6100),
        (REGISTER, [names() | {"productKey": "a1Nothing"}], 6250),
        (PROXY, {}, 460),
        (PROXY, [proxied()], 460),
        (PROXY, {"proxieds": [SELF]}, 6402),
        (ADD, [SELF], 6402),
        (ADD, [signed("nobody-1")], 6100),
        (ADD, [signed() | {"productKey": "a1Nothing"}], 6250),
        (ADD, [signed(secret="wrong")], 401),
        (ADD, [signed(clientId="another")], 401),
        (ADD, [signed(signMethod="Sha256")], 460),
        (ADD, [names()], 460),
        (DELETE, [names()], 6401),
        (DELETE, [names("nobody-1")], 6100),
        ("thing/list/found", {}, 460),
        ("thing/list/found", [names() | {"productKey": "a1Nothing"}], 6250),
        ("thing/list/found", [names("x y")], 6280),
        ("thing/list/found", [names("nobody-1")], 200),
    ],
)
def test_invalid_topology_request_has_its_code(
    gateway: Gateway, tail: str, params: object, code: int
):
    assert gateway.ask(tail, params) == (code, {})


def test_sub_device_product_decides_dynamic_registration(gateway: Gateway, platform: Platform):
    platform.console.set_dynamic_registration(SUB_PK, on=False)
    assert gateway.ask(REGISTER, [names()])[0] == 6288
    _, data = gateway.ask(PROXY, {"proxieds": [proxied()]})
    assert data["failures"][0]["code"] == 6288
    platform.console.set_dynamic_registration(GATEWAY_PK, on=False)  # Its own does not.
    platform.console.set_dynamic_registration(SUB_PK, on=True)
    assert gateway.ask(REGISTER, [names()])[0] == 200


def test_disabled_sub_device_is_refused(gateway: Gateway, platform: Platform):
    platform.console.disable_device(SUB_PK, "sub-0001")
    assert gateway.ask(ADD, [signed()])[0] == 6204


def test_device_that_is_not_gateway_has_no_topology(platform: Platform, party: Party):
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        topic = f"/sys/{party.product.key}/{party.name}/{GET}"
        wire.send(publish(topic, b'{"id":"1","params":{}}'))
        assert wire.read_publish()[1]["code"] == 460
    assert "not a gateway" in platform.expect("gateway_refused", timeout=0).reason


def test_gateway_cannot_be_a_sub_device(gateway: Gateway, platform: Platform):
    platform.console.add_device(GATEWAY_PK, "gateway-2")
    assert gateway.ask(REGISTER, [{**SELF, "deviceName": "gateway-2"}])[0] == 460


def test_sub_device_above_topology_limit_is_refused(make_platform: Callable[..., Platform]):
    platform = make_platform(settings=Settings(max_sub_devices=1))
    with Gateway(platform) as gateway:
        for name in ("sub-0001", "sub-0002"):
            platform.console.add_device(SUB_PK, name, secret=SUB_DS)
        assert gateway.ask(ADD, [signed(), signed("sub-0002")])[0] == 6400
        event = platform.expect("gateway_refused", timeout=0)
        assert (event.code, event.reason) == (6400, "a gateway has up to 1")
        assert gateway.ask(GET, {}) == (200, [])
        assert gateway.ask(ADD, [signed()])[0] == 200
        assert gateway.ask(ADD, [signed()])[0] == 200  # It is there already.
        assert gateway.ask(ADD, [signed("sub-0002")])[0] == 6400


def test_takeover_by_another_gateway_needs_product_secret(gateway: Gateway, platform: Platform):
    assert gateway.ask(ADD, [signed()])[0] == 200
    assert gateway.ask("combine/login", signed())[0] == 200
    with Gateway(platform, "gateway-2") as other:
        assert other.ask(REGISTER, [names()])[0] == 6619
        _, data = other.ask(PROXY, {"proxieds": [proxied(), proxied("nobody-1")]})
        iot_id = platform.console.device(SUB_PK, "sub-0001").iot_id
        assert data["successes"] == [{"iotId": iot_id, **names(), "deviceSecret": SUB_DS}]
        assert data["failures"] == [
            {**names("nobody-1"), "code": 6100, "message": "device not found"}
        ]
        assert other.ask(ADD, [signed()])[0] == 200
        tail, body = gateway.told()
        assert (tail, body["params"]) == ("thing/topo/change", {"status": 1, "subList": [names()]})
        assert gateway.told()[0] == "thing/delete"
        tail, body = gateway.told()
        assert (tail, body["code"]) == ("gateway-1", 6401)
        assert other.ask("combine/login", signed())[0] == 200
        assert gateway.ask("combine/login", signed())[0] == 6401


def test_wrong_product_secret_fails_only_its_entry(gateway: Gateway):
    code, data = gateway.ask(PROXY, {"proxieds": [proxied(secret="wrong")]})
    assert code == 200
    assert data["failures"][0]["code"] == 401
    assert not data["successes"]


def test_event_log_has_no_secret_or_signature(gateway: Gateway, platform: Platform):
    gateway.ask(REGISTER, [names()])
    gateway.ask(ADD, [signed(secret="wrong")])
    gateway.ask(PROXY, {"proxieds": [proxied(secret="wrong")]})
    written = json.dumps([event.as_json() for event in platform.events()])
    for secret in (SUB_DS, signed(secret="wrong")["sign"], proxied(secret="wrong")["sign"]):
        assert secret not in written


def test_cloud_adds_removes_and_requests_sub_devices(gateway: Gateway, platform: Platform):
    platform.cloud.add_sub_device(SUB_PK, "sub-0001", gateway=(GATEWAY_PK, "gateway-1"))
    assert gateway.told()[1]["params"]["status"] == 0
    assert [one.name for one in platform.cloud.sub_devices(GATEWAY_PK, "gateway-1")] == [
        "sub-0001"
    ]
    platform.cloud.remove_sub_device(SUB_PK, "sub-0001")
    assert gateway.told()[1]["params"]["status"] == 1
    assert gateway.told()[0] == "thing/delete"
    assert platform.cloud.gateway_of(SUB_PK, "sub-0001") is None
    assert platform.cloud.ask_to_add(GATEWAY_PK, "gateway-1", [(SUB_PK, "sub-0001")]) == 1
    tail, body = gateway.told()
    assert tail == "thing/topo/add/notify"
    assert (body["method"], body["params"]) == ("thing.topo.add.notify", [names()])
