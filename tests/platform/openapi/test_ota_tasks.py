"""Single devices' tasks through the cloud API: confirm, cancel, restart."""

from __future__ import annotations

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.ota_api import batch, cloud, created, online, started, tasks
from tests.platform.ota_messages import inform, progress, pushed, reported, status
from tests.platform.wire import Wire, publish

__all__ = ["cloud", "online"]


def test_a_task_waits_for_its_user(cloud: Platform, online: Wire, ask: Ask) -> None:
    job_id = started(ask, created(cloud, ask), need_confirm=True)
    topic = f"/sys/{PK}/{DN}/thing/ota/firmware/get"
    online.send(publish(topic, b'{"id":"1","params":{}}'))
    assert online.read_publish()[1]["data"] == {}
    reported(online, progress("1", dn=DN))  # It knows of nothing that it could begin.
    (waiting,) = done(
        ask("ListOTAUnfinishedTaskByDevice", product_key=PK, device_name=DN, task_status="CONFIRM")
    )["Data"]["SimpleOTATaskInfo"]
    assert waiting == {
        **{
            name: value
            for name, value in tasks(ask, job_id)[0].items()
            if name not in ("Progress", "TaskDesc")
        },
        "ModuleName": "default",
    }
    done(ask("ConfirmOTATask", task_id=[waiting["TaskId"]]))
    assert pushed(online, dn=DN)["version"] == "2.0.0"
    again = ask("ConfirmOTATask", task_id=[waiting["TaskId"]])
    assert refused(again) == "iot.ota.InvalidTaskStatus"
    assert status(cloud, dn=DN) == ("NOTIFIED", 0)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 1),
        ({"module_name": "default"}, 1),
        ({"module_name": "MCU"}, 0),
        ({"task_status_list": ["QUEUED", "NOTIFIED"]}, 1),
        ({"task_status_list": ["QUEUED", "CONFIRM"]}, 0),
    ],
)
def test_unfinished_tasks_are_listed_by_module_and_status(
    cloud: Platform, online: Wire, ask: Ask, filters: dict[str, object], count: int
) -> None:
    started(ask, created(cloud, ask))
    pushed(online, dn=DN)
    answer = ask("ListOTAUnfinishedTaskByDevice", product_key=PK, device_name=DN, **filters)
    assert len(done(answer)["Data"]["SimpleOTATaskInfo"]) == count


def test_a_task_is_canceled_by_device(cloud: Platform, online: Wire, ask: Ask) -> None:
    number = created(cloud, ask)
    job_id = started(ask, number)
    pushed(online, dn=DN)
    names = {"firmware_id": number, "product_key": PK, "device_name": [DN]}
    other = started(ask, number)  # Its task has failed: the device is busy.
    done(ask("CancelOTATaskByDevice", **names, job_id=other))
    assert status_in(ask, job_id) == "NOTIFIED"
    done(ask("CancelOTATaskByDevice", **names))
    assert status_in(ask, job_id) == "CANCELED"
    assert batch(ask, job_id)["JobStatus"] == "CANCELED"
    reported(online, inform("2.0.0", dn=DN))
    assert status_in(ask, job_id) == "CANCELED"
    assert refused(ask("CancelOTATaskByDevice", **{**names, "device_name": []})) == (
        "iot.device.NoneDeviceNameElement"
    )


def status_in(ask: Ask, job_id: str) -> str:
    (only,) = tasks(ask, job_id)
    found: str = only["TaskStatus"]
    return found


def test_failed_task_can_be_restarted(cloud: Platform, online: Wire, ask: Ask) -> None:
    job_id = started(ask, created(cloud, ask))
    pushed(online, dn=DN)
    again = {"job_id": job_id, "task_id": [tasks(ask, job_id)[0]["TaskId"]]}
    assert refused(ask("ReupgradeOTATask", **again)) == "iot.ota.InvalidTaskStatus"
    reported(online, progress("50", dn=DN), progress("-2", "cut", dn=DN))
    assert batch(ask, job_id)["JobStatus"] == "COMPLETED"
    done(ask("ReupgradeOTATask", **again))
    pushed(online, dn=DN)
    assert batch(ask, job_id)["JobStatus"] == "IN_PROGRESS"
    assert status(cloud, dn=DN) == ("NOTIFIED", 0)
    reported(online, inform("2.0.0", dn=DN))
    assert status_in(ask, job_id) == "SUCCEEDED"
    assert refused(ask("ReupgradeOTATask", **again)) == "iot.ota.InvalidTaskStatus"


@pytest.mark.usefixtures("online")
def test_unknown_or_too_many_tasks_are_refused(ask: Ask) -> None:
    assert refused(ask("ConfirmOTATask", task_id=["no-such"])) == "iot.ota.NotExistedTask"
    assert refused(ask("ListOTATaskByJob", job_id="no-such")) == "iot.ota.NotExistedJob"
    for action, more in (("ConfirmOTATask", {}), ("ConfirmOTATask", {"task_id": ["x"] * 11})):
        with pytest.raises(ClientException, match="InvalidTaskId"):
            ask(action, **more)


def test_ota_objects_of_another_instance_are_hidden(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key="a1Elsewhere", instance="iot-1")
    cloud.console.add_device("a1Elsewhere", DN)
    job = cloud.ota.publish("a1Elsewhere", "2.0.0", b"data")
    number, task = job.firmware_id, cloud.ota.tasks_in(job.id)[0].id
    cases: tuple[tuple[str, dict[str, object], str], ...] = (
        ("QueryOTAFirmware", {"firmware_id": number}, "Firmware"),
        ("DeleteOTAFirmware", {"firmware_id": number}, "Firmware"),
        ("QueryOTAJob", {"job_id": job.id}, "Job"),
        ("CancelOTATaskByJob", {"job_id": job.id, "cancel_queued_task": True}, "Job"),
        ("ConfirmOTATask", {"task_id": [task]}, "Task"),
    )
    for action, fields, what in cases:
        assert refused(ask(action, **fields)) == f"iot.ota.NotExisted{what}"
    assert done(ask("ListOTAFirmware", current_page=1, page_size=10))["Total"] == 0
    for action, fields, _ in cases[:1] + cases[2:3]:
        done(ask(action, **fields, iot_instance_id="iot-1"))
