"""Many devices of a product at once, through the cloud API."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_iot20180120 import models

from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import Wire

OTHERS = ("dev-2", "dev-3")


@pytest.fixture(autouse=True)
def others(cloud: Platform, online: Wire) -> None:
    """Two devices beside the one online: one was never online, one is disabled."""
    for name in OTHERS:
        cloud.console.add_device(PK, name)
    cloud.console.disable_device(PK, "dev-3")


@pytest.mark.parametrize("by_iot_id", [False, True])
def test_device_states_are_returned_in_order(cloud: Platform, ask: Ask, by_iot_id: bool) -> None:
    iot_ids = [cloud.console.device(PK, name).iot_id for name in (DN, *OTHERS)]
    names = {"iot_id": iot_ids} if by_iot_id else {"device_name": [DN, *OTHERS]}
    body = ask("BatchGetDeviceState", product_key=PK, **names)
    found = done(body)["DeviceStatusList"]["DeviceStatus"]
    assert [one["Status"] for one in found] == ["ONLINE", "UNACTIVE", "DISABLE"]
    assert [one["IotId"] for one in found] == iot_ids
    assert [one["LastOnlineTime"] for one in found] == ["2026-11-23T18:00:00.000Z", "", ""]


@pytest.mark.parametrize(
    ("action", "most", "more"),
    [
        ("BatchGetDeviceState", 50, {}),
        ("BatchQueryDeviceDetail", 100, {}),
        ("SetDevicesProperty", 100, {"items": "{}"}),
        ("InvokeThingsService", 100, {"identifier": "Blink", "args": "{}"}),
    ],
)
def test_number_of_devices_has_limits(
    ask: Ask, action: str, most: int, more: dict[str, Any]
) -> None:
    given = {"product_key": PK, **more}
    done(ask(action, **given, device_name=["dev-2"] * most))
    body = ask(action, **given, device_name=["dev-2"] * (most + 1))
    assert refused(body) == "iot.device.DeviceCountExceeded"
    assert refused(ask(action, **given)) == "iot.device.NoneDeviceNameElement"
    body = ask(action, **given, device_name=["dev-2", "dev-9"])
    assert refused(body) == "iot.device.NotExistedDevice"


def test_details_are_those_of_each(ask: Ask) -> None:
    body = ask("BatchQueryDeviceDetail", product_key=PK, device_name=[DN, "dev-2"])
    for found in done(body)["Data"]["Data"]:
        one = done(ask("QueryDeviceDetail", product_key=PK, device_name=found["DeviceName"]))
        assert found.items() <= one["Data"].items()


@pytest.mark.parametrize(("number", "name"), [(0, "dev-2"), (1, DN), (8, "dev-3")])
def test_devices_are_found_by_status(cloud: Platform, ask: Ask, number: int, name: str) -> None:
    body = ask("QueryDeviceByStatus", product_key=PK, status=number, page_size=10, current_page=1)
    answer = done(body)
    found = answer.pop("Data")["SimpleDeviceInfo"]
    assert [(one["DeviceName"], one["DeviceSecret"]) for one in found] == [
        (name, cloud.console.device(PK, name).secret)
    ]
    assert answer == {"Page": 1, "PageCount": 1, "PageSize": 10, "Total": 1}


def test_devices_are_counted_by_status(cloud: Platform, ask: Ask) -> None:
    cloud.console.add_device(cloud.console.create_product(key="another").key, "dev-1")
    cloud.console.create_product(key="elsewhere", instance="iot-060a0001")
    body = ask("QueryDeviceStatistics", product_key=PK)
    assert done(body)["Data"] == {"deviceCount": 3, "activeCount": 1, "onlineCount": 1}
    assert done(ask("QueryDeviceStatistics"))["Data"]["deviceCount"] == 4
    body = ask("QueryDeviceStatistics", iot_instance_id="iot-060a0001")
    assert done(body)["Data"]["deviceCount"] == 0


def test_nicknames_change_all_or_none(cloud: Platform, ask: Ask) -> None:
    def name(*pairs: tuple[dict[str, str], str]) -> dict[str, Any]:
        item = models.BatchUpdateDeviceNicknameRequestDeviceNicknameInfo
        infos = [item(**who, nickname=nickname) for who, nickname in pairs]
        return ask("BatchUpdateDeviceNickname", device_nickname_info=infos)

    first = {"product_key": PK, "device_name": DN}
    second = {"iot_id": cloud.console.device(PK, "dev-2").iot_id}
    done(name((first, "lamp"), (second, "灯泡")))
    assert (
        refused(name((first, "door"), (second, "a b c"))) == "iot.device.InvalidFormattedNickname"
    )
    assert (
        refused(name((first, "door"), ({"iot_id": "x"}, "gate"))) == "iot.device.NotExistedDevice"
    )
    found = [cloud.console.device(PK, one).documents["nickname"] for one in (DN, "dev-2")]
    assert found == ["lamp", "灯泡"]


def test_call_to_several_devices_reaches_those_online(online: Wire, ask: Ask) -> None:
    given = {"product_key": PK, "device_name": [DN, *OTHERS]}
    done(ask("SetDevicesProperty", **given, items='{"a":1}'))
    topic, body, _ = online.read_publish()
    assert (topic, body["params"]) == (f"/sys/{PK}/{DN}/thing/service/property/set", {"a": 1})
    done(ask("InvokeThingsService", **given, identifier="Blink", args='{"n":2}'))
    topic, body, _ = online.read_publish()
    assert (topic, body["params"]) == (f"/sys/{PK}/{DN}/thing/service/Blink", {"n": 2})
    body = ask("SetDevicesProperty", **given, items="[]")
    assert refused(body) == "iot.common.InvalidFormattedParameter"
