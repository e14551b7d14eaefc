"""Batches through the cloud API: verified, started, scheduled, dynamic, canceled."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_iot20180120 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.ota_api import batch, cloud, created, online, started, tasks
from tests.platform.ota_messages import inform, progress, pushed, reported, status
from tests.platform.wire import Wire

__all__ = ["cloud", "online"]

NOW = "2026-11-23T18:00:00.000Z"
START = 1795456800  # The clock's, in seconds.


def test_package_must_be_verified_before_static_batch(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    number = created(cloud, ask, need_to_verify=True)
    static = {"firmware_id": number, "product_key": PK, "target_selection": "ALL"}
    assert refused(ask("CreateOTAStaticUpgradeJob", **static)) == "iot.ota.FirmwareNotVerified"
    verify = {"firmware_id": number, "product_key": PK, "target_device_name": [DN]}
    job_id = done(ask("CreateOTAVerifyJob", **verify))["Data"]["JobId"]
    pushed(online, dn=DN)
    assert package(ask, number) == (2, 0)
    assert refused(ask("CreateOTAVerifyJob", **verify)) == "iot.ota.FirmwareVerified"
    reported(online, progress("-1", dn=DN))
    assert package(ask, number) == (3, 0)
    assert batch(ask, job_id)["JobType"] == "VERIFY_FIRMWARE"
    done(ask("CreateOTAVerifyJob", **verify))
    pushed(online, dn=DN)
    reported(online, inform("2.0.0", dn=DN))
    assert package(ask, number) == (1, 100)
    done(ask("CreateOTAStaticUpgradeJob", **static))


@pytest.mark.usefixtures("online")
def test_removed_device_leaves_the_package_unverified(cloud: Platform, ask: Ask) -> None:
    number = created(cloud, ask, need_to_verify=True)
    cloud.console.add_device(PK, "dev-2")
    verify = {"firmware_id": number, "product_key": PK, "target_device_name": ["dev-2"]}
    done(ask("CreateOTAVerifyJob", **verify))
    assert package(ask, number) == (2, 0)
    cloud.console.remove_device(PK, "dev-2")
    assert package(ask, number) == (3, 0)
    done(ask("DeleteOTAFirmware", firmware_id=number))


def package(ask: Ask, number: str) -> tuple[int, int]:
    info = done(ask("QueryOTAFirmware", firmware_id=number))["FirmwareInfo"]
    return info["Status"], info["VerifyProgress"]


def test_static_batch_reaches_device_and_reports_progress(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    reported(online, inform("1.0.0", dn=DN))
    number = created(cloud, ask, udi="hello")
    tag = models.CreateOTAStaticUpgradeJobRequestTag(key="a", value="b")
    job_id = started(ask, number, timeout_in_minutes=60, tag=[tag])
    told = pushed(online, dn=DN)
    assert told["extData"] == {"a": "b", "_package_udi": "hello"}
    assert (told["signMethod"], told["sign"]) == ("Md5", told["md5"])
    reported(online, progress("7", "on its way", dn=DN))
    device = cloud.console.device(PK, DN)
    only = {
        "DestVersion": "2.0.0",
        "DeviceName": DN,
        "FirmwareId": number,
        "IotId": device.iot_id,
        "JobId": job_id,
        "ProductKey": PK,
        "ProductName": PK,
        "Progress": "7",
        "SrcVersion": "1.0.0",
        "TaskDesc": "on its way",
        "TaskId": cloud.ota.tasks(PK, DN)[0].id,
        "TaskStatus": "IN_PROGRESS",
        "Timeout": "60",
        "UtcCreate": NOW,
        "UtcModified": NOW,
    }
    assert tasks(ask, job_id) == [only]
    assert tasks(ask, job_id, task_status="IN_PROGRESS", device_names=[DN]) == [only]
    assert tasks(ask, job_id, task_status="FAILED") == []
    assert tasks(ask, job_id, device_names=["dev-2"]) == []
    simple = {
        "FirmwareId": number,
        "JobId": job_id,
        "JobStatus": "IN_PROGRESS",
        "JobType": "UPGRADE_FIRMWARE",
        "ProductKey": PK,
        "SelectionType": "STATIC",
        "Tags": {"OtaTagDTO": [{"Key": "a", "Value": "b"}]},
        "TargetSelection": "ALL",
        "UtcCreate": NOW,
        "UtcModified": NOW,
        "UtcStartTime": NOW,
    }
    assert batch(ask, job_id) == {
        **simple,
        "DestVersion": "2.0.0",
        "DownloadProtocol": "HTTPS",
        "MaximumPerMinute": 10000,
        "MultiModuleMode": False,
        "Name": "one",
        "NeedConfirm": False,
        "NeedPush": True,
        "OverwriteMode": 1,
        "SrcVersions": {"SrcVersion": []},
        "TimeoutInMinutes": 60,
    }
    for action, more in (
        ("ListOTAJobByFirmware", {}),
        ("ListOTAJobByDevice", {"product_key": PK, "device_name": DN}),
    ):
        answer = ask(action, firmware_id=number, current_page=1, page_size=10, **more)
        assert done(answer)["Data"]["SimpleOTAJobInfo"] == [simple]
    reported(online, inform("2.0.0", dn=DN))
    assert batch(ask, job_id)["JobStatus"] == "COMPLETED"
    assert batch(ask, job_id)["UtcEndTime"] == NOW


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({"target_selection": "ALL"}, [DN, "dev-2", "dev-3", "dev-4"]),
        ({"target_selection": "SPECIFIC", "target_device_name": ["dev-3"]}, ["dev-3"]),
        ({"target_selection": "GRAY", "gray_percent": "74.999"}, [DN, "dev-2"]),
        ({"target_selection": "GRAY", "gray_percent": "0.001"}, [DN]),
    ],
)
def test_static_batch_selects_all_some_or_a_share(
    cloud: Platform, ask: Ask, selection: dict[str, Any], names: list[str]
) -> None:
    for name in ("dev-2", "dev-3", "dev-4"):
        cloud.console.add_device(PK, name)
    job_id = started(ask, created(cloud, ask), **selection)
    assert [one["DeviceName"] for one in tasks(ask, job_id)] == names
    assert batch(ask, job_id)["TargetSelection"] == selection["target_selection"]


def test_versions_choose_the_devices_of_a_static_batch(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    reported(online, inform("1.0.0", dn=DN))
    number = created(cloud, ask)
    assert tasks(ask, started(ask, number, src_version=["0.9", "1.1"])) == []
    assert len(tasks(ask, started(ask, number, src_version=["0.9", "1.0.0"]))) == 1


def test_a_difference_is_for_its_source_version_alone(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    number = created(cloud, ask, type=1, src_version="1.0.0")
    assert tasks(ask, started(ask, number)) == []
    reported(online, inform("1.0.0", dn=DN))
    assert len(tasks(ask, started(ask, number))) == 1
    assert pushed(online, dn=DN)["isDiff"] == 1


def test_planned_batch_starts_and_ends_on_schedule(
    cloud: Platform, online: Wire, ask: Ask, clock: ManualClock
) -> None:
    number = created(cloud, ask)
    at, end = START + 600, START + 600 + 3600
    job_id = started(ask, number, schedule_time=at * 1000, schedule_finish_time=end * 1000)
    planned = batch(ask, job_id)
    assert planned["JobStatus"] == "PLANNED"
    assert planned["UtcScheduleTime"] == "2026-11-23T18:10:00.000Z"
    assert planned["UtcScheduleFinishTime"] == "2026-11-23T19:10:00.000Z"
    clock.advance(599)
    reported(online)
    clock.advance(1)
    pushed(online, dn=DN)
    assert batch(ask, job_id)["JobStatus"] == "IN_PROGRESS"
    clock.advance(1200)
    reported(online, progress("1", dn=DN))
    clock.advance(1200)
    reported(online)
    clock.advance(1200)
    assert status(cloud, dn=DN)[0] == "CANCELED"
    assert tasks(ask, job_id)[0]["TaskDesc"] == "the time of the batch is over"
    assert batch(ask, job_id)["JobStatus"] == "CANCELED"


def test_a_planned_batch_is_canceled_before_its_time(
    cloud: Platform, online: Wire, ask: Ask, clock: ManualClock
) -> None:
    job_id = started(ask, created(cloud, ask), schedule_time=(START + 600) * 1000)
    done(ask("CancelOTATaskByJob", job_id=job_id, cancel_scheduled_task=True))
    assert batch(ask, job_id)["JobStatus"] == "CANCELED"
    clock.advance(700)
    reported(online)
    assert tasks(ask, job_id) == []


@pytest.mark.parametrize(("mode", "at_once"), [(1, True), (2, False)])
def test_dynamic_batch_takes_devices_with_its_source_versions(
    cloud: Platform, online: Wire, ask: Ask, mode: int, at_once: bool
) -> None:
    reported(online, inform("1.0.0", dn=DN))
    number = created(cloud, ask)
    dynamic = {"firmware_id": number, "product_key": PK, "src_version": ["1.0.0"]}
    answer = ask("CreateOTADynamicUpgradeJob", **dynamic, dynamic_mode=mode)
    job_id = done(answer)["Data"]["JobId"]
    if not at_once:
        reported(online)  # Nothing has come.
        online.send(inform("1.0.0", dn=DN))
    pushed(online, dn=DN)
    reported(online, inform("1.0.0", dn=DN), inform("2.0.0", dn=DN))
    assert [one["TaskStatus"] for one in tasks(ask, job_id)] == ["SUCCEEDED"]
    found = batch(ask, job_id)
    assert (found["JobStatus"], found["SelectionType"]) == ("IN_PROGRESS", "DYNAMIC")
    assert (found["DynamicMode"], found["SrcVersions"]) == (mode, {"SrcVersion": ["1.0.0"]})
    again = ask("CreateOTADynamicUpgradeJob", **dynamic)
    assert refused(again) == "iot.ota.DynamicJobExisted"
    done(ask("CancelOTAStrategyByJob", job_id=job_id))
    assert batch(ask, job_id)["JobStatus"] == "CANCELED"
    reported(online, inform("1.0.0", dn=DN))
    assert refused(ask("CancelOTAStrategyByJob", job_id=job_id)) == "iot.ota.InvalidJobStatus"


def test_the_newest_dynamic_batch_wins(cloud: Platform, online: Wire, ask: Ask) -> None:
    for version in ("2.0.0", "3.0.0"):
        number = created(cloud, ask, version.replace(".", "_"), dest_version=version)
        dynamic = {"firmware_id": number, "product_key": PK, "src_version": ["1.0.0"]}
        done(ask("CreateOTADynamicUpgradeJob", **dynamic))
    online.send(inform("1.0.0", dn=DN))
    assert pushed(online, dn=DN)["version"] == "3.0.0"
    reported(online)


def test_a_static_batch_has_no_strategy(cloud: Platform, online: Wire, ask: Ask) -> None:
    job_id = started(ask, created(cloud, ask))
    pushed(online, dn=DN)
    assert refused(ask("CancelOTAStrategyByJob", job_id=job_id)) == "iot.ota.NotDynamicJob"


@pytest.mark.parametrize(
    ("cancels", "left"),
    [
        ({"cancel_queued_task": True}, ["NOTIFIED", "CANCELED", "CANCELED"]),
        (
            {"cancel_queued_task": True, "cancel_unconfirmed_task": False},
            ["NOTIFIED", "CANCELED", "QUEUED"],
        ),
        ({"cancel_notified_task": True}, ["CANCELED", "QUEUED", "QUEUED"]),
        ({"cancel_in_progress_task": True}, ["NOTIFIED", "QUEUED", "QUEUED"]),
    ],
)
def test_batch_cancels_tasks_by_status(
    cloud: Platform, online: Wire, ask: Ask, cancels: dict[str, bool], left: list[str]
) -> None:
    cloud.console.add_device(PK, "dev-2")
    number = created(cloud, ask)
    job_id = started(ask, number)
    pushed(online, dn=DN)
    cloud.console.add_device(PK, "dev-3")
    other = started(
        ask,
        number,
        target_selection="SPECIFIC",
        target_device_name=["dev-3"],
        need_confirm="cancel_unconfirmed_task" not in cancels,
    )
    for one in (job_id, other):
        done(ask("CancelOTATaskByJob", job_id=one, **cancels))
    found = [one["TaskStatus"] for one in (*tasks(ask, job_id), *tasks(ask, other))]
    if "cancel_unconfirmed_task" in cancels:
        left = [*left[:2], "CANCELED"]
    elif "cancel_queued_task" not in cancels:
        left = [*left[:2], "CONFIRM"]
    assert found == left


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"target_selection": "GROUP"}, "InvalidTargetSelection"),
        ({"target_selection": ""}, "MissingTargetSelection"),
        ({"target_selection": "GRAY", "gray_percent": "x"}, "InvalidGrayPercent"),
        ({"target_selection": "GRAY", "gray_percent": "0"}, "InvalidGrayPercent"),
        ({"target_selection": "GRAY", "gray_percent": "1.0001"}, "InvalidGrayPercent"),
        ({"target_selection": "GRAY", "gray_percent": "NaN"}, "InvalidGrayPercent"),
        ({"timeout_in_minutes": 1441}, "InvalidTimeoutInMinutes"),
        ({"maximum_per_minute": 9}, "InvalidMaximumPerMinute"),
        ({"overwrite_mode": 3}, "InvalidOverwriteMode"),
        ({"overwrite_mode": 2, "multi_module_mode": True}, "InvalidOverwriteMode"),
        ({"retry_count": 3, "retry_interval": 10}, "InvalidRetryCount"),
        ({"retry_count": 1, "retry_interval": 11}, "InvalidRetryInterval"),
        ({"retry_interval": 10}, "InvalidRetryInterval"),
        (
            {"retry_count": 1, "retry_interval": 60, "timeout_in_minutes": 60},
            "InvalidRetryInterval",
        ),
        ({"download_protocol": "FTP"}, "InvalidDownloadProtocol"),
        ({"schedule_time": (START + 299) * 1000}, "InvalidScheduleTime"),
        ({"schedule_finish_time": (START + 3599) * 1000}, "InvalidScheduleFinishTime"),
        ({"src_version": ["1", "1"]}, "InvalidSrcVersion"),
    ],
)
def test_invalid_batch_is_refused(
    cloud: Platform, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    number = created(cloud, ask)
    with pytest.raises(ClientException) as caught:
        started(ask, number, **changes)
    assert caught.value.code == code
    assert cloud.ota.tasks(PK, DN) == []


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("names", "code"),
    [
        ([], "iot.device.NoneDeviceNameElement"),
        (["dev-9"], "iot.device.NotExistedDevice"),
        ([DN] * 201, "iot.device.DeviceCountExceeded"),
    ],
)
def test_batch_for_invalid_devices_is_refused(
    cloud: Platform, ask: Ask, names: list[str], code: str
) -> None:
    answer = ask(
        "CreateOTAStaticUpgradeJob",
        firmware_id=created(cloud, ask),
        product_key=PK,
        target_selection="SPECIFIC",
        target_device_name=names,
    )
    assert refused(answer) == code


def test_mqtt_is_for_one_file(cloud: Platform, online: Wire, ask: Ask) -> None:
    started(ask, created(cloud, ask), download_protocol="MQTT")
    assert pushed(online, dn=DN)["dProtocol"] == "mqtt"
