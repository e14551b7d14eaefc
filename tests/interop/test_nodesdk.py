"""The vendor's device SDKs for Node.js, unmodified: two as a device, the newer as a gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from alink_sim.platform import Platform, Product
from tests.interop.nodesdk import DRIVER, HOME, NEWER, SDKS, NodeSdk
from tests.module_model import MODEL
from tests.waiting import PATIENCE

pytestmark = pytest.mark.interop

NAME = "node-1"
GATEWAY_PK, SUB_PK = "a1GatewayPk", "a1SubPk0001"
SUB = {"productKey": SUB_PK, "deviceName": "sub-0001"}


both = pytest.mark.parametrize("package", SDKS)


@pytest.fixture
def package() -> str:
    return NEWER


@pytest.fixture
def sdk(platform: Platform, package: str) -> Iterator[NodeSdk]:
    with NodeSdk(platform, package) as made:
        yield made


@pytest.fixture
def device(platform: Platform, product: Product, sdk: NodeSdk) -> NodeSdk:
    """The SDK, with a device "dev" that is online."""
    secret = platform.console.add_device(product.key, NAME).secret
    sdk.make("dev", "device", product.key, NAME, secret)
    sdk.expect("connect", "dev")
    return sdk


@pytest.fixture
def gateway(platform: Platform, sdk: NodeSdk) -> NodeSdk:
    """The SDK, with a gateway "gw" that is online."""
    platform.console.create_product(key=GATEWAY_PK, node_type=1)
    platform.console.create_product(key=SUB_PK)
    platform.console.add_device(SUB_PK, "sub-0001")
    secret = platform.console.add_device(GATEWAY_PK, "gateway-1").secret
    sdk.make("gw", "gateway", GATEWAY_PK, "gateway-1", secret)
    sdk.expect("connect", "gw")
    return sdk


def heard(sdk: NodeSdk, on: str, topic: str) -> Any:
    """Return the JSON of the next message on a topic."""
    while True:
        got, payload = sdk.expect("message", on)
        if got == topic:
            return json.loads(payload)


@both
def test_sdk_is_locked_and_lock_names_no_registry(sdk: NodeSdk, package: str) -> None:
    lock = json.loads(DRIVER.with_name("package-lock.json").read_text())
    packages = {path: one for path, one in lock["packages"].items() if path}
    installed = json.loads((HOME / "node_modules" / package / "package.json").read_text())
    assert installed["version"] == SDKS[package]
    assert packages[f"node_modules/{package}"]["version"] == SDKS[package]
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
    assert not any("resolved" in one for one in packages.values())


@both
def test_registers_over_https_and_logs_in(
    platform: Platform, product: Product, sdk: NodeSdk
) -> None:
    device = platform.console.add_device(product.key, NAME)
    answer = sdk.register(product.key, product.secret, NAME)
    assert answer["code"] == 200
    assert answer["data"] == {
        "productKey": product.key,
        "deviceName": NAME,
        "deviceSecret": device.secret,
    }
    sdk.make("dev", "device", product.key, NAME, answer["data"]["deviceSecret"])
    sdk.expect("connect", "dev")
    assert platform.expect("online", device_name=NAME).detail["tls"]


@both
def test_registration_refusal_reports_its_code(
    platform: Platform, product: Product, sdk: NodeSdk
) -> None:
    platform.console.add_device(product.key, NAME)
    answer = sdk.register(product.key, "wrong", NAME)
    assert answer == {"code": 6600, "message": "signature check failed"}


@both
def test_logs_in_over_tcp_on_same_port(platform: Platform, product: Product, sdk: NodeSdk) -> None:
    secret = platform.console.add_device(product.key, NAME).secret
    sdk.make("dev", "device", product.key, NAME, secret, tls=False)
    sdk.expect("connect", "dev")
    assert not platform.expect("online", device_name=NAME).detail["tls"]


@both
def test_wrong_secret_is_refused(platform: Platform, product: Product, sdk: NodeSdk) -> None:
    platform.console.add_device(product.key, NAME)
    sdk.make("dev", "device", product.key, NAME, "wrong")
    (errors,) = sdk.expect("error", "dev")
    assert "Connection refused: Bad username or password" in str(errors)
    assert platform.expect("login_refused", device_name=NAME).code == 6600


@both
def test_properties_events_and_tags_get_replies(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    assert device.ask("dev", "postProps", {"temperature": 21.5})["code"] == 200
    assert platform.console.device(product.key, NAME).properties == {"temperature": 21.5}
    assert device.ask("dev", "postEvent", "alarm", {"level": 2})["code"] == 200
    assert platform.expect("event_posted").detail == {"event": "alarm", "values": {"level": 2}}
    tags = [{"attrKey": "room", "attrValue": "4"}, {"attrKey": "floor", "attrValue": "2"}]
    assert device.ask("dev", "postTags", tags)["code"] == 200
    assert device.ask("dev", "deleteTags", ["floor"])["code"] == 200
    kept = platform.console.device(product.key, NAME).documents["tags"]
    assert {key: kept[key] for key in kept if not key.startswith("SYS_")} == {"room": "4"}


def test_property_set_and_service_reach_sdk(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    device.call("dev", "onProps", told=True)
    number = platform.cloud.set_properties(product.key, NAME, {"target": 21})
    (asked,) = device.expect("onProps", "dev")
    assert (asked["id"], asked["params"]) == (number, {"target": 21})
    device.do("serve", on="dev", service="SelfTest", data={"passed": 1}, type="async")
    platform.expect(
        "subscribed", device_name=NAME, filter=f"/sys/{product.key}/{NAME}/thing/service/SelfTest"
    )
    number = platform.cloud.call_service(product.key, NAME, "SelfTest", {"seconds": 3})
    (asked,) = device.expect("service", "dev")
    assert (asked["id"], asked["params"]) == (number, {"seconds": 3})
    answered = platform.expect("answered", device_name=NAME, id=number)
    assert answered.detail["answer"] == 200


def test_sdk_speaks_for_thing_model_modules(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    platform.console.set_thing_model(product.key, MODEL)
    assert device.ask("dev", "postProps", {"motor:target": 4, "motor:speed": 99})["code"] == 200
    assert platform.console.device(product.key, NAME).properties == {"motor:target": 4}
    assert device.ask("dev", "postEvent", "motor:jam", {"at": 2})["code"] == 200
    assert device.ask("dev", "postEvent", "motor:jam", {"at": 99})["code"] == 6306
    device.call("dev", "onProps", told=True)
    platform.cloud.set_properties(product.key, NAME, {"motor:speed": 3})
    assert device.expect("onProps", "dev")[0]["params"] == {"motor:speed": 3}
    device.do("serve", on="dev", service="motor:stop", data={}, type="async")
    served = f"/sys/{product.key}/{NAME}/thing/service/motor:stop"
    platform.expect("subscribed", device_name=NAME, filter=served)
    number = platform.cloud.call_service(product.key, NAME, "motor:stop", {"after": 3})
    (asked,) = device.expect("service", "dev")
    assert (asked["method"], asked["params"]) == ("thing.service.motor:stop", {"after": 3})
    assert platform.expect("answered", device_name=NAME, id=number).detail["answer"] == 200


@pytest.mark.parametrize("package", ["aliyun-iot-device-sdk"])
def test_older_sdk_receives_a_service_call(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    device.call("dev", "onService", "SelfTest", told=True)
    platform.expect(
        "subscribed", device_name=NAME, filter=f"/sys/{product.key}/{NAME}/thing/service/SelfTest"
    )
    number = platform.cloud.call_service(product.key, NAME, "SelfTest", {"seconds": 3})
    (asked,) = device.expect("onService", "dev")
    assert (asked["id"], asked["params"]) == (number, {"seconds": 3})


def test_synchronous_service_replies_to_the_caller(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    device.do("serve", on="dev", service="SelfTest", data={"passed": 1}, type="sync")
    platform.expect(
        "subscribed", device_name=NAME, filter=f"/sys/{product.key}/{NAME}/rrpc/request/+"
    )
    with ThreadPoolExecutor(1) as threads:
        called = threads.submit(
            platform.cloud.call_service_sync,
            product.key,
            NAME,
            "SelfTest",
            {},
            timeout_ms=8000,
        )
        device.expect("service", "dev")
        got = called.result(PATIENCE)
    assert json.loads(got.payload)["data"] == {"passed": 1}


@both
def test_shadow_update_read_cloud_control_and_delete(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    device.call("dev", "onShadow", told=True)
    device.call("dev", "postShadow", {"color": "red"})
    assert device.expect("onShadow", "dev")[0]["payload"]["status"] == "success"
    device.call("dev", "getShadow")
    whole = device.expect("onShadow", "dev")[0]
    assert whole["payload"]["state"] == {"reported": {"color": "red"}}
    platform.cloud.set_shadow(product.key, NAME, {"color": "green"}, version=whole["version"] + 1)
    control = device.expect("onShadow", "dev")[0]
    assert (control["method"], control["payload"]["state"]["desired"]) == (
        "control",
        {"color": "green"},
    )
    device.call("dev", "deleteShadow")
    assert device.expect("onShadow", "dev")[0]["payload"]["status"] == "success"


@both
def test_publishes_and_receives_on_custom_topics(
    platform: Platform, product: Product, device: NodeSdk
) -> None:
    own = f"/{product.key}/{NAME}/user"
    device.call("dev", "subscribe", f"{own}/get")
    platform.expect("subscribed", device_name=NAME, filter=f"{own}/get")
    device.call("dev", "publish", f"{own}/update", "hello")
    assert platform.expect("published").detail["topic"] == f"{own}/update"
    platform.cloud.send(product.key, NAME, f"{own}/get", b'{"a":1}')
    assert heard(device, "dev", f"{own}/get") == {"a": 1}


def test_gateway_registers_and_logs_in_sub_device(platform: Platform, gateway: NodeSdk) -> None:
    registered = gateway.ask("gw", "regiestSubDevice", [SUB])  # The SDK spells it so.
    secret = platform.console.device(SUB_PK, "sub-0001").secret
    assert [one["deviceSecret"] for one in registered["data"]] == [secret]
    triple = {**SUB, "deviceSecret": secret}
    assert gateway.ask("gw", "addTopo", [triple])["code"] == 200
    assert gateway.ask("gw", "getTopo")["data"] == [SUB]
    gateway.do("login", on="gw", device=triple, **{"as": "sub"})
    assert gateway.expect("login", "sub")[0]["code"] == 200
    gateway.expect("connect", "sub")
    platform.expect(
        "subscribed",
        device_name="gateway-1",
        filter=f"/sys/{SUB_PK}/sub-0001/rrpc/request/+",
    )
    assert gateway.ask("sub", "postProps", {"temperature": 21.5})["code"] == 200
    assert platform.console.device(SUB_PK, "sub-0001").properties == {"temperature": 21.5}
    gateway.call("sub", "onProps", told=True)
    platform.cloud.set_properties(SUB_PK, "sub-0001", {"target": 21})
    assert gateway.expect("onProps", "sub")[0]["params"] == {"target": 21}
    assert gateway.ask("gw", "logout", SUB)["code"] == 200
    assert platform.console.device(SUB_PK, "sub-0001").status == "Offline"
    assert gateway.ask("gw", "removeTopo", [SUB])["code"] == 200
    assert not platform.cloud.sub_devices(GATEWAY_PK, "gateway-1")


def test_sub_device_login_refusal_reports_its_code(platform: Platform, gateway: NodeSdk) -> None:
    triple = {**SUB, "deviceSecret": platform.console.device(SUB_PK, "sub-0001").secret}
    gateway.do("login", on="gw", device=triple, **{"as": "sub"})
    assert gateway.expect("login", "sub")[0]["code"] == 6401
