"""Batches of the cloud API: checked, registered, looked at by page, and gone on with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_iot20180120 import models

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from tests.platform.api_calls import PK, Ask, asking, client, done, refused


@pytest.fixture(autouse=True)
def product(cloud: Platform) -> None:
    cloud.console.create_product(key=PK)


def check(ask: Ask, *names: str) -> int:
    """Check available names and return their ApplyId."""
    apply_id: int = done(ask("BatchCheckDeviceNames", product_key=PK, device_name=list(names)))[
        "Data"
    ]["ApplyId"]
    return apply_id


def status(ask: Ask, apply_id: int) -> dict[str, Any]:
    body = ask("QueryBatchRegisterDeviceStatus", product_key=PK, apply_id=apply_id)
    data: dict[str, Any] = done(body)["Data"]
    return data


def test_checked_names_become_devices_listed_by_page(cloud: Platform, ask: Ask) -> None:
    names = [f"dev-{number}" for number in range(12)]
    apply_id = check(ask, *names)
    assert status(ask, apply_id)["Status"] == "CHECK_SUCCESS"
    body = ask("BatchRegisterDeviceWithApplyId", product_key=PK, apply_id=apply_id)
    assert done(body) == {"Data": {"ApplyId": apply_id}}
    cloud.expect("batch_registered")
    assert status(ask, apply_id)["Status"] == "CREATE_SUCCESS"
    found = []
    for number, size in ((1, 5), (2, 5), (3, 2)):
        body = ask("QueryPageByApplyId", apply_id=apply_id, current_page=number, page_size=5)
        page = done(body)
        rows = page.pop("ApplyDeviceList")["ApplyDeviceInfo"]
        assert page == {"Page": number, "PageSize": 5, "PageCount": 3, "Total": 12}
        assert len(rows) == size
        found += rows
    assert [row["DeviceName"] for row in found] == names
    device = cloud.console.device(PK, "dev-3")
    assert found[3]["IotId"] == device.iot_id
    assert found[3]["DeviceSecret"] == device.secret


def register(ask: Ask, apply_id: int) -> dict[str, Any]:
    return ask("BatchRegisterDeviceWithApplyId", product_key=PK, apply_id=apply_id)


def page(ask: Ask, apply_id: int) -> list[str]:
    answer = done(ask("QueryPageByApplyId", apply_id=apply_id, page_size=50))
    return [one["DeviceName"] for one in answer["ApplyDeviceList"]["ApplyDeviceInfo"]]


def test_batch_takes_up_to_10000_names(cloud: Platform, ask: Ask) -> None:
    names = [f"esp32-240AC4{number:06X}" for number in range(10_000)]
    assert status(ask, check(ask, *names))["Status"] == "CHECK_SUCCESS"
    body = ask("BatchCheckDeviceNames", product_key=PK, device_name=[*names, "dev-1"])
    assert refused(body) == "iot.device.DeviceCountExceeded"
    body = ask("BatchCheckDeviceNames", product_key=PK)
    assert refused(body) == "iot.device.NoneDeviceNameElement"


def test_bad_names_fail_the_call_and_are_listed(cloud: Platform, ask: Ask) -> None:
    cloud.console.add_device(PK, "dev-1")
    names = ["dev-1", "dev-2", "no", "dev-3", "dev-3", "a b c"]
    body = ask("BatchCheckDeviceNames", product_key=PK, device_name=names)
    data = body["Data"]
    assert refused(body) == "iot.device.InvalidFormattedDeviceName"
    assert data["InvalidDeviceNameList"] == {"InvalidDeviceName": ["no", "a b c"]}
    assert data["RepeatedDeviceNameList"] == {"RepeatDevieNameList": ["dev-1", "dev-3"]}
    assert [one["DeviceName"] for one in data["InvalidDetailList"]["InvalidDetailList"]] == [
        "dev-1",
        "no",
        "dev-3",
        "a b c",
    ]
    assert "ApplyId" not in data
    body = ask("BatchCheckDeviceNames", product_key=PK, device_name=["dev-1"])
    assert refused(body) == "iot.device.AlreadyExistedDeviceName"


def test_setting_reports_bad_names_in_the_status(
    make_platform: Callable[..., Platform], ask: Ask
) -> None:
    platform = make_platform(settings=Settings(batch_faults="status"))
    platform.console.create_product(key=PK)
    other = asking(client(platform))
    apply_id = check(other, "dev-1", "no", "dev-2", "dev-2")
    data = status(other, apply_id)
    assert (data["Status"], data["ValidList"], data["InvalidList"]) == (
        "CHECK_FAILED",
        {"Name": ["dev-1"]},
        {"Name": ["no", "dev-2"]},
    )
    details = data["InvalidDetailList"]["invalidDetailList"]
    assert [one["DeviceName"] for one in details] == ["no", "dev-2"]
    assert refused(register(other, apply_id)) == "iot.device.IncorrentDeviceApplyInfo"
    assert not platform.console.devices()


def test_batch_stays_in_progress_for_batch_seconds(
    make_platform: Callable[..., Platform], ask: Ask
) -> None:
    clock = ManualClock()
    platform = make_platform(clock=clock, settings=Settings(api_seconds=0, batch_seconds=60))
    platform.console.create_product(key=PK)
    other = asking(client(platform))
    apply_id = check(other, "dev-1")
    assert status(other, apply_id)["Status"] == "CHECK"
    assert refused(register(other, apply_id)) == "iot.device.IncorrentDeviceApplyInfo"
    clock.advance(60)
    assert status(other, apply_id)["Status"] == "CHECK_SUCCESS"
    done(register(other, apply_id))
    assert status(other, apply_id)["Status"] == "CREATE"
    assert page(other, apply_id) == []
    clock.advance(60)
    platform.expect("batch_registered")
    assert status(other, apply_id)["Status"] == "CREATE_SUCCESS"
    assert page(other, apply_id) == ["dev-1"]


def test_a_batch_registered_again_is_answered_again(cloud: Platform, ask: Ask) -> None:
    apply_id = check(ask, "dev-1")
    for _ in range(3):
        assert done(register(ask, apply_id)) == {"Data": {"ApplyId": apply_id}}
    cloud.expect("batch_registered")
    assert page(ask, apply_id) == ["dev-1"]
    assert len(cloud.events(kind="batch_registered")) == 1


def test_name_taken_after_check_fails_alone(cloud: Platform, ask: Ask) -> None:
    apply_id = check(ask, "dev-1", "dev-2")
    taken = cloud.console.add_device(PK, "dev-1")
    done(register(ask, apply_id))
    assert cloud.expect("batch_registered").detail == {
        "apply_id": str(apply_id),
        "product": PK,
        "registered": 1,
        "failed": 1,
    }
    data = status(ask, apply_id)
    assert (data["Status"], data["ValidList"], data["InvalidList"]) == (
        "CREATE_FAILED",
        {"Name": ["dev-2"]},
        {"Name": ["dev-1"]},
    )
    assert page(ask, apply_id) == ["dev-2"]
    assert cloud.console.device(PK, "dev-1").secret == taken.secret


def test_names_come_with_nicknames(cloud: Platform, ask: Ask) -> None:
    item = models.BatchCheckDeviceNamesRequestDeviceNameList
    listed = [item(device_name="dev-1", device_nickname="灯泡_1"), item(device_name="dev-2")]
    body = ask("BatchCheckDeviceNames", product_key=PK, device_name_list=listed)
    done(register(ask, done(body)["Data"]["ApplyId"]))
    cloud.expect("batch_registered")
    assert cloud.console.device(PK, "dev-1").documents["nickname"] == "灯泡_1"
    assert "nickname" not in cloud.console.device(PK, "dev-2").documents


def test_invalid_nickname_fails_the_call(cloud: Platform, ask: Ask) -> None:
    item = models.BatchCheckDeviceNamesRequestDeviceNameList
    listed = [item(device_name="dev-1", device_nickname="灯"), item(device_name="dev-2")]
    body = ask("BatchCheckDeviceNames", product_key=PK, device_name_list=listed)
    assert refused(body) == "iot.device.InvalidFormattedNickname"
    assert body["Data"]["InvalidDeviceNicknameList"] == {"InvalidDeviceNickname": ["灯"]}
    assert body["Data"]["InvalidDetailList"]["InvalidDetailList"][0]["NickName"] == "灯"


def test_count_registers_devices_with_generated_names(cloud: Platform, ask: Ask) -> None:
    apply_id = done(ask("BatchRegisterDevice", product_key=PK, count=7))["Data"]["ApplyId"]
    cloud.expect("batch_registered")
    names = page(ask, apply_id)
    assert len(set(names)) == 7
    assert {one.name for one in cloud.console.devices(PK)} == set(names)
    for count in (0, 10_001):
        body = ask("BatchRegisterDevice", product_key=PK, count=count)
        assert refused(body) == "iot.device.DeviceCountExceeded"


def test_apply_id_belongs_to_its_product_and_instance(cloud: Platform, ask: Ask) -> None:
    apply_id = check(ask, "dev-1")
    cloud.console.create_product(key="another", instance="iot-060a0001")
    for changes in (
        {"apply_id": apply_id + 1},
        {"product_key": "another"},
        {"iot_instance_id": "iot-060a0001"},
    ):
        given = {"product_key": PK, "apply_id": apply_id, **changes}
        body = ask("QueryBatchRegisterDeviceStatus", **given)
        assert refused(body) == "iot.device.DeviceApplyIsNotFound"
    body = ask("QueryPageByApplyId", apply_id=apply_id, iot_instance_id="iot-060a0001")
    assert refused(body) == "iot.device.DeviceApplyIsNotFound"


def test_deleted_devices_of_batch_are_not_listed(cloud: Platform, ask: Ask) -> None:
    apply_id = check(ask, "dev-1", "dev-2")
    done(register(ask, apply_id))
    cloud.expect("batch_registered")
    cloud.console.remove_device(PK, "dev-1")
    cloud.console.add_device(PK, "dev-1")
    assert page(ask, apply_id) == ["dev-2"]


def test_removed_product_removes_its_batches(
    make_platform: Callable[..., Platform], tmp_path: Path, ask: Ask
) -> None:
    platform = make_platform(state=tmp_path)
    platform.console.create_product(key=PK)
    apply_id = check(asking(client(platform)), "dev-1")
    platform.console.remove_product(PK)
    platform.console.create_product(key=PK)
    platform.stop()
    again = asking(client(make_platform(state=tmp_path)))
    body = again("QueryBatchRegisterDeviceStatus", product_key=PK, apply_id=apply_id)
    assert refused(body) == "iot.device.DeviceApplyIsNotFound"
