"""Products of the cloud API, and what none of its actions does."""

from __future__ import annotations

from typing import Any

import pytest

from alink_sim.platform import Platform, RegistryError
from alink_sim.platform.openapi.actions import ACTIONS
from tests.platform.api_calls import PK, Ask, done, refused
from tests.platform.wire import Party, Wire
from tests.platform.wire import refused as connack


def create(ask: Ask, **changes: Any) -> dict[str, Any]:
    given = {
        "product_name": "thermometer_1",
        "node_type": 0,
        "aliyun_commodity_code": "iothub_senior",
        "data_format": 1,
    }
    return ask("CreateProduct", **{**given, **changes})


def test_created_product_has_all_given_values(cloud: Platform, ask: Ask) -> None:
    answer = done(create(ask, description="all about it", net_type="CELLULAR"))
    key = answer["ProductKey"]
    product = cloud.console.product(key)
    assert answer["Data"] == {
        "AliyunCommodityCode": "iothub_senior",
        "AuthType": "secret",
        "DataFormat": 1,
        "Description": "all about it",
        "NodeType": 0,
        "ProductKey": key,
        "ProductName": "thermometer_1",
        "ProductSecret": product.secret,
        "ProtocolType": "",
    }
    assert done(ask("QueryProduct", product_key=key))["Data"] == {
        "AliyunCommodityCode": "iothub_senior",
        "AuthType": "secret",
        "DataFormat": 1,
        "Description": "all about it",
        "DeviceCount": 0,
        "GmtCreate": 1795456800000,
        "Id2": False,
        "NetType": "CELLULAR",
        "NodeType": 0,
        "Owner": True,
        "ProductKey": key,
        "ProductName": "thermometer_1",
        "ProductSecret": product.secret,
        "ProductStatus": "DEVELOPMENT_STATUS",
        "ProtocolType": "",
        "ValidateType": 1,
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product_name": "abc"}, "iot.prod.InvalidFormattedProductName"),
        ({"product_name": "温度计" * 6}, "iot.prod.InvalidFormattedProductName"),
        ({"product_name": "a b c d"}, "iot.prod.InvalidFormattedProductName"),
        ({"node_type": 2}, "iot.prod.InvalidNodeType"),
        ({"aliyun_commodity_code": "iothub_x"}, "iot.prod.InvalidAliyunCommodityCode"),
        ({"description": "x" * 101}, "iot.prod.LongProductDesc"),
        ({"auth_type": "x509"}, "iot.prod.CreateProductFailed"),
    ],
)
def test_invalid_product_is_not_created(
    cloud: Platform, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    assert refused(create(ask, **changes)) == code
    assert not cloud.console.products()


def test_a_name_is_taken_once(ask: Ask) -> None:
    done(create(ask, product_name="温度计"))
    assert refused(create(ask, product_name="温度计")) == "iot.prod.AlreadyExistedProductName"


def test_products_are_listed_by_page(cloud: Platform, ask: Ask) -> None:
    keys = [done(create(ask, product_name=f"product_{n}"))["ProductKey"] for n in range(3)]
    cloud.console.add_device(keys[2], "dev-1")
    data = done(ask("QueryProductList", current_page=2, page_size=2))["Data"]
    assert data.pop("List")["ProductInfo"] == [
        {
            "AuthType": "secret",
            "DataFormat": 1,
            "Description": "",
            "DeviceCount": 1,
            "GmtCreate": 1795456800000,
            "NodeType": 0,
            "ProductKey": keys[2],
            "ProductName": "product_2",
        }
    ]
    assert data == {"CurrentPage": 2, "PageCount": 2, "PageSize": 2, "Total": 3}
    body = ask("QueryProductList", current_page=1, page_size=201)
    assert refused(body) == "iot.common.InvalidPageParams"


def test_an_update_changes_name_and_description_alone(cloud: Platform, ask: Ask) -> None:
    key = done(create(ask, description="old"))["ProductKey"]
    before = cloud.console.product(key)
    done(ask("UpdateProduct", product_key=key, product_name="other_name", description="new"))
    after = done(ask("QueryProduct", product_key=key))["Data"]
    assert (after["ProductName"], after["Description"]) == ("other_name", "new")
    assert cloud.console.product(key).secret == before.secret


def test_product_with_devices_cannot_be_deleted(cloud: Platform, ask: Ask) -> None:
    key = done(create(ask))["ProductKey"]
    cloud.console.add_device(key, "dev-1")
    assert refused(ask("DeleteProduct", product_key=key)) == "iot.prod.DeleteProductFailed"
    cloud.console.remove_device(key, "dev-1")
    done(ask("DeleteProduct", product_key=key))
    assert refused(ask("QueryProduct", product_key=key)) == "iot.prod.NotExistedProduct"
    with pytest.raises(RegistryError):
        cloud.console.product(key)


def test_no_action_turns_the_switch_of_dynamic_registration(cloud: Platform, ask: Ask) -> None:
    key = done(create(ask))["ProductKey"]
    done(ask("RegisterDevice", product_key=key, device_name="dev-1"))
    done(ask("UpdateProduct", product_key=key, product_name="other_name"))
    party = Party.of(cloud.console.product(key), cloud.console.device(key, "dev-1"))
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.register()) == connack(4)
    assert cloud.expect("registration_refused").code == 6288
    assert not [name for name in ACTIONS if "DynamicReg" in name or "Switch" in name]
    cloud.console.set_dynamic_registration(key, True)
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.register()) == b"\x20\x02\x00\x00"


@pytest.mark.parametrize(
    ("instance", "given", "code"),
    [
        ("iot-060a0001", None, "iot.prod.NotExistedProduct"),
        ("iot-060a0001", "iot-060a0002", "iot.Sre.IotInstanceNotFound"),
        ("", "iot-060a0002", "iot.Sre.IotInstanceNotFound"),
    ],
)
def test_a_product_is_found_in_its_instance_alone(
    cloud: Platform, ask: Ask, instance: str, given: str | None, code: str
) -> None:
    cloud.console.create_product(key=PK, instance=instance)
    iot_id = cloud.console.add_device(PK, "dev-1").iot_id
    assert refused(ask("QueryProduct", product_key=PK, iot_instance_id=given)) == code
    body = ask("GetDeviceStatus", iot_id=iot_id, iot_instance_id=given)
    assert refused(body) == code.replace("prod.NotExistedProduct", "device.NotExistedDevice")
    done(ask("QueryProduct", product_key=PK, iot_instance_id=instance or None))
