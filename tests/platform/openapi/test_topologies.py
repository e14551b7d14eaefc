"""Gateways and their sub-devices through the cloud API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from alink_sim.platform import Platform
from tests.platform.api_calls import Ask, done, refused
from tests.platform.gateway import GATEWAY_PK, SUB_PK, Gateway, signed, sub

GATEWAY = {"product_key": GATEWAY_PK, "device_name": "gateway-1"}
SUB = {"product_key": SUB_PK, "device_name": "sub-0001"}


@pytest.fixture
def gateway(cloud: Platform) -> Iterator[Gateway]:
    """A gateway online that has two sub-devices."""
    with Gateway(cloud) as made:
        for name in ("sub-0001", "sub-0002"):
            sub(cloud, name)
            assert made.ask("thing/topo/add", [signed(name)])[0] == 200
        yield made


def test_sub_devices_of_gateway_are_listed_by_page(
    cloud: Platform, gateway: Gateway, ask: Ask
) -> None:
    data = done(ask("GetThingTopo", **GATEWAY, page_no=2, page_size=1))["Data"]
    assert data.pop("List") == {
        "deviceInfo": [
            {
                "IotId": cloud.console.device(SUB_PK, "sub-0002").iot_id,
                "ProductKey": SUB_PK,
                "DeviceName": "sub-0002",
            }
        ]
    }
    assert data == {"CurrentPage": 2, "PageCount": 2, "PageSize": 1, "Total": 2}
    body = ask("GetThingTopo", **SUB, page_no=1, page_size=1)
    assert refused(body) == "iot.device.QueryTopoRelationFailed"


def test_gateway_of_sub_device_is_returned(cloud: Platform, gateway: Gateway, ask: Ask) -> None:
    data = done(ask("GetGatewayBySubDevice", **SUB))["Data"]
    assert data["iotId"] == cloud.console.device(GATEWAY_PK, "gateway-1").iot_id
    assert (data["DeviceName"], data["NodeType"], data["Status"]) == ("gateway-1", "1", "ONLINE")
    sub(cloud, "sub-0003")
    body = ask("GetGatewayBySubDevice", product_key=SUB_PK, device_name="sub-0003")
    assert refused(body) == "iot.device.QueryTopoRelationFailed"


def test_gateway_is_notified_of_removed_sub_device(
    cloud: Platform, gateway: Gateway, ask: Ask
) -> None:
    assert done(ask("RemoveThingTopo", **SUB)) == {"Data": True}
    tail, body = gateway.told()
    assert tail == "thing/topo/change"
    assert body["params"]["status"] == 1
    assert cloud.cloud.gateway_of(SUB_PK, "sub-0001") is None
    assert refused(ask("RemoveThingTopo", **SUB)) == "iot.device.RemoveTopoRelationFailed"


def test_a_gateway_is_asked_to_add_sub_devices(
    cloud: Platform, gateway: Gateway, ask: Ask
) -> None:
    iot_id = sub(cloud, "sub-0003").iot_id
    listed = [{"productKey": SUB_PK, "deviceName": "sub-0001"}, {"IotId": iot_id}]
    body = ask(
        "NotifyAddThingTopo",
        gw_product_key=GATEWAY_PK,
        gw_device_name="gateway-1",
        device_list_str=json.dumps(listed),
    )
    assert done(body)["Data"]["MessageId"].isdecimal()
    tail, sent = gateway.told()
    assert tail == "thing/topo/add/notify"
    assert [one["deviceName"] for one in sent["params"]] == ["sub-0001", "sub-0003"]


@pytest.mark.parametrize(
    ("listed", "code"),
    [
        ("{}", "iot.common.InvalidFormattedParameter"),
        ("[]", "iot.common.InvalidFormattedParameter"),
        ("[1]", "iot.common.InvalidFormattedParameter"),
        ('[{"IotId":"nothing"}]', "iot.device.NotExistedDevice"),
        ('[{"productKey":"nothing","deviceName":"sub-0001"}]', "iot.prod.NotExistedProduct"),
    ],
)
def test_a_list_of_no_devices_is_refused(
    gateway: Gateway, ask: Ask, listed: str, code: str
) -> None:
    names = {"gw_product_key": GATEWAY_PK, "gw_device_name": "gateway-1"}
    assert refused(ask("NotifyAddThingTopo", **names, device_list_str=listed)) == code
