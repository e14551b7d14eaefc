"""Tags of a device through the cloud API, which calls them Props."""

from __future__ import annotations

import json

import pytest

from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused

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
