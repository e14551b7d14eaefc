"""Tags of a device through the cloud API, which calls them Props."""

from __future__ import annotations

import json

import pytest
from alibabacloud_iot20180120 import models

from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused

TAG = models.QueryDeviceByTagsRequestTag
WHO = {"product_key": PK, "device_name": DN}


@pytest.fixture(autouse=True)
def device(cloud: Platform) -> None:
    cloud.console.create_product(key=PK)
    cloud.console.add_device(PK, DN)


def tags(ask: Ask) -> dict[str, str]:
    found: dict[str, str] = json.loads(done(ask("QueryDeviceProp", **WHO))["Props"])
    return found


def test_tags_are_added_replaced_and_deleted(cloud: Platform, ask: Ask) -> None:
    done(ask("SaveDeviceProp", **WHO, props='{"color":"red","floor":2}'))
    done(ask("SaveDeviceProp", **WHO, props='{"color":"绿"}'))
    assert tags(ask) == {"color": "绿", "floor": "2"}
    done(ask("DeleteDeviceProp", iot_id=cloud.console.device(PK, DN).iot_id, prop_key="color"))
    assert tags(ask) == {"floor": "2"}
    body = ask("DeleteDeviceProp", **WHO, prop_key="color")
    assert refused(body) == "iot.device.DeleteDevicePropertyFailed"


@pytest.mark.parametrize(
    ("props", "code"),
    [
        ("{", "InvalidFormattedDevicePropertiesString"),
        ("{}", "InvalidFormattedDevicePropertiesString"),
        ('{"a b":"1"}', "InvalidFormattedDevicePropertyKey"),
        (json.dumps({"a": "x" * 5120}), "LongDevicePropertiesString"),
        (json.dumps({f"a{n}": "" for n in range(101)}), "TooManyDevicePropertiesPerTime"),
    ],
)
def test_invalid_tags_change_nothing(ask: Ask, props: str, code: str) -> None:
    assert refused(ask("SaveDeviceProp", **WHO, props=props)) == f"iot.device.{code}"
    assert tags(ask) == {}


def test_devices_are_found_by_all_their_tags(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key="a1Other0001", instance="iot-other")
    for key, name, props in (
        (PK, "dev-2", '{"room":"101","city":"hangzhou"}'),
        (PK, "dev-3", '{"room":"101"}'),
        ("a1Other0001", "dev-4", '{"room":"101"}'),
    ):
        device = cloud.console.add_device(key, name)
        instance = {"iot_instance_id": "iot-other"} if key != PK else {}
        done(ask("SaveDeviceProp", iot_id=device.iot_id, props=props, **instance))

    def found(*pairs: tuple[str, str], **more: object) -> list[str]:
        tag = [TAG(tag_key=key, tag_value=value) for key, value in pairs]
        answer = done(ask("QueryDeviceByTags", tag=tag, **more))
        assert answer["Page"] == more.get("current_page", 1)
        return [one["DeviceName"] for one in answer["Data"]["SimpleDeviceInfo"]]

    assert found(("room", "101")) == ["dev-2", "dev-3"]
    assert found(("room", "101"), ("city", "hangzhou")) == ["dev-2"]
    assert found(("room", "102")) == []
    assert found(("room", "101"), current_page=2, page_size=1) == ["dev-3"]
    many = [TAG(tag_key=f"a{number}", tag_value="1") for number in range(11)]
    assert refused(ask("QueryDeviceByTags", tag=many)) == "iot.common.InvalidFormattedParameter"
