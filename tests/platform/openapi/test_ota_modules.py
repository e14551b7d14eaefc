"""Modules of a product through the cloud API, and the versions that devices have of them."""

from __future__ import annotations

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.ota_api import cloud, created, online
from tests.platform.ota_messages import inform, reported
from tests.platform.wire import Wire

__all__ = ["cloud", "online"]

NOW = "2026-11-23T18:00:00.000Z"


def listed(ask: Ask) -> list[str]:
    answer = done(ask("ListOTAModuleByProduct", product_key=PK))
    return [one["ModuleName"] for one in answer["Data"]]


def test_a_module_is_made_changed_used_and_deleted(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    module = {"product_key": PK, "module_name": "MCU"}
    done(ask("CreateOTAModule", **module, desc="the other chip"))
    done(ask("UpdateOTAModule", **module, alias_name="Chip"))
    assert done(ask("ListOTAModuleByProduct", product_key=PK))["Data"][1] == {
        "AliasName": "Chip",
        "Desc": "the other chip",
        "GmtCreate": NOW,
        "GmtModified": NOW,
        "ModuleName": "MCU",
        "ProductKey": PK,
    }
    number = created(cloud, ask, module_name="MCU")
    assert refused(ask("DeleteOTAModule", **module)) == "iot.ota.ModuleInUse"
    done(ask("DeleteOTAFirmware", firmware_id=number))
    done(ask("DeleteOTAModule", **module))
    assert listed(ask) == ["default"]


@pytest.mark.usefixtures("online")
def test_product_has_ten_modules_besides_the_default(ask: Ask) -> None:
    for number in range(10):
        done(ask("CreateOTAModule", product_key=PK, module_name=f"m{number}"))
    code = refused(ask("CreateOTAModule", product_key=PK, module_name="m10"))
    assert code == "iot.ota.TooManyModules"
    for action in ("DeleteOTAModule", "UpdateOTAModule"):
        code = refused(ask(action, product_key=PK, module_name="default"))
        assert code == "iot.ota.NotExistedModule"
    assert listed(ask) == ["default", *(f"m{number}" for number in range(10))]


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("name", ["DEFAULT", "mcu"])
def test_module_names_ignore_case(ask: Ask, name: str) -> None:
    done(ask("CreateOTAModule", product_key=PK, module_name="MCU"))
    code = refused(ask("CreateOTAModule", product_key=PK, module_name=name))
    assert code == "iot.ota.AlreadyExistedModule"


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"module_name": "a b"}, "InvalidModuleName"),
        ({"alias_name": "a b"}, "InvalidAliasName"),
        ({"desc": "x" * 101}, "InvalidDesc"),
    ],
)
def test_a_module_is_named_by_the_rules(ask: Ask, changes: dict[str, str], code: str) -> None:
    fields = {"product_key": PK, "module_name": "MCU", **changes}
    with pytest.raises(ClientException) as caught:
        ask("CreateOTAModule", **fields)
    assert caught.value.code == code


def test_versions_are_those_that_the_device_has_reported(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    reported(online, inform("1.0.0", dn=DN), inform("7", "MCU", dn=DN))
    device = cloud.console.device(PK, DN)
    answer = done(ask("ListOTAModuleVersionsByDevice", iot_id=device.iot_id))
    assert answer["Total"] == 2
    assert answer["Data"]["SimpleOTAModuleInfo"][1] == {
        "DeviceName": DN,
        "IotId": device.iot_id,
        "ModuleName": "MCU",
        "ModuleVersion": "7",
        "ProductKey": PK,
    }
    detail = done(ask("QueryDeviceDetail", product_key=PK, device_name=DN))
    assert detail["Data"]["FirmwareVersion"] == "1.0.0"
