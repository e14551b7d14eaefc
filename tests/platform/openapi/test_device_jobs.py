"""Actions on device jobs, through the vendor's client, with a device on the wire."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.ota_api import cloud, online, post_object
from tests.platform.wire import Wire, publish

__all__ = ["cloud", "online"]

DOCUMENT = {"action": "calibrate"}
LIST = {
    "targetType": "DEVICE_LIST",
    "targetDevices": [{"productKey": PK, "deviceName": DN}],
}


def create(ask: Ask, **changes: Any) -> dict[str, Any]:
    given = {
        "job_document": json.dumps(DOCUMENT),
        "job_name": "calibration_1",
        "target_config": LIST,
        "type": "CUSTOM_JOB",
    }
    return ask("CreateJob", **{**given, **changes})


def report(wire: Wire, task: str, status: str, progress: int = 0, **details: Any) -> Any:
    params = {"taskId": task, "status": status, "progress": progress, "statusDetails": details}
    topic = f"/sys/{PK}/{DN}/thing/job/update"
    wire.send(publish(topic, json.dumps({"id": "1", "params": params}).encode()))
    return wire.read_publish()[1]["code"]


def told(wire: Wire) -> dict[str, Any]:
    """Return the task of the notification that comes next."""
    topic, body, _ = wire.read_publish()
    assert topic == f"/sys/{PK}/{DN}/thing/job/notify"
    task: dict[str, Any] = body["params"]["task"]
    return task


def status(ask: Ask, job: str) -> str:
    found: str = done(ask("QueryJob", job_id=job))["Data"]["Status"]
    return found


def test_job_reaches_device_and_its_task_is_reported(online: Wire, ask: Ask) -> None:
    rules = {
        "timeout_config": {"inProgressTimeoutInMinutes": 60},
        "rollout_config": {"maximumPerMinute": 1000},
        "description": "before the trial",
    }
    job = done(create(ask, **rules))["JobId"]
    task = told(online)
    assert (task["status"], task["jobDocument"]) == ("SENT", DOCUMENT)
    data = done(ask("QueryJob", job_id=job))["Data"]
    assert json.loads(data["JobDocument"]) == DOCUMENT
    assert (data["JobName"], data["Type"], data["Status"]) == (
        "calibration_1",
        "CUSTOM_JOB",
        "IN_PROGRESS",
    )
    assert data["Description"] == "before the trial"
    assert data["TimeoutConfig"] == {"InProgressTimeoutInMinutes": 60}
    assert data["RolloutConfig"] == {"MaximumPerMinute": 1000}
    target = data["TargetConfig"]
    assert target["TargetDevices"] == {"targetDevices": [{"DeviceName": DN, "ProductKey": PK}]}
    assert data["UtcCreate"] == data["UtcModified"] == "2026-11-23T18:00:00.000Z"

    assert report(online, task["taskId"], "IN_PROGRESS", 50) == 200
    counts = done(ask("QueryJobStatistics", job_id=job))["Data"]
    assert (counts["InProgress"], counts["Sent"], counts["Total"]) == (1, 0, 1)
    assert report(online, task["taskId"], "SUCCEEDED", 100, msg="calibrated") == 200
    found = done(ask("QueryTask", task_id=task["taskId"]))["Data"]
    assert (found["Status"], found["Progress"], found["DeviceName"]) == ("SUCCEEDED", "100", DN)
    assert (found["StatusDetail"], found["Message"]) == ('{"msg":"calibrated"}', "calibrated")
    assert (found["JobId"], found["JobName"]) == (job, "calibration_1")
    assert status(ask, job) == "COMPLETED"


def test_jobs_and_tasks_are_listed_by_page(online: Wire, ask: Ask, clock: ManualClock) -> None:
    jobs = []
    for number in "123":
        jobs.append(done(create(ask, job_name=f"job_{number}"))["JobId"])
        clock.advance(1)
    page = done(ask("ListJob", page_size=2))
    assert (page["Page"], page["PageSize"], page["Total"]) == (1, 2, 3)
    assert [one["JobId"] for one in page["Data"]["data"]] == [jobs[2], jobs[1]]
    done(ask("CancelJob", job_id=jobs[0]))
    listed = done(ask("ListJob", status="CANCELLED"))["Data"]["data"]
    assert [(one["JobId"], one["Status"]) for one in listed] == [(jobs[0], "CANCELLED")]
    by_device = {"device": {"productKey": PK, "deviceName": DN}}
    first = done(ask("ListTask", limit=2, **by_device))
    assert [one["JobName"] for one in first["Data"]["data"]] == ["job_1", "job_2"]
    rest = done(ask("ListTask", limit=2, next_token=first["NextToken"], **by_device))
    assert [one["Status"] for one in rest["Data"]["data"]] == ["SENT"]
    assert "NextToken" not in rest
    [task] = done(ask("ListTask", job_id=jobs[0], status="CANCELLED", limit=10))["Data"]["data"]
    by_id = {"device": {"iotId": task["IotId"]}}
    assert len(done(ask("ListTask", limit=50, **by_id))["Data"]["data"]) == 3
    done(ask("DeleteJob", job_id=jobs[2]))
    assert done(ask("ListJob"))["Total"] == 2
    for gone in ("QueryJob", "CancelJob", "DeleteJob", "QueryJobStatistics"):
        assert refused(ask(gone, job_id=jobs[2])) == "iot.job.NotExistedJob"
    assert refused(ask("QueryTask", task_id="x")) == "iot.job.NotExistedTask"


def test_job_for_a_product_takes_uploaded_file(cloud: Platform, online: Wire, ask: Ask) -> None:
    cloud.console.add_device(PK, "dev-2")
    form = done(ask("GenerateFileUploadURL", biz_code="JOB_FILE", file_name="f"))["Data"]
    form["OSSAccessKeyId"] = form["OssAccessKeyId"]
    assert b" 204 " in post_object(cloud, form, b"the file")
    job = done(
        create(
            ask,
            target_config={"targetType": "PRODUCT_KEY", "targetProduct": PK},
            job_file={"fileKey": form["Key"], "signMethod": "Md5", "sign": "ignored"},
        )
    )["JobId"]
    file = told(online)["jobFile"]
    digest = hashlib.md5(b"the file").hexdigest()
    assert (file["signMethod"], file["sign"]) == ("Md5", digest)
    data = done(ask("QueryJob", job_id=job))["Data"]
    assert (data["JobFile"]["Sign"], data["JobFile"]["SignMethod"]) == (digest, "Md5")
    assert data["TargetConfig"] == {"TargetType": "PRODUCT_KEY", "TargetProduct": PK}
    assert done(ask("QueryJobStatistics", job_id=job))["Data"]["Queued"] == 1


def test_scheduled_job_begins_at_its_time(online: Wire, ask: Ask, clock: ManualClock) -> None:
    start = int(clock.time() * 1000) + 10 * 60_000
    job = done(create(ask, scheduled_time=start))["JobId"]
    assert status(ask, job) == "WAITING"
    assert online.ask(b"\xc0\0") == b"\xd0\0"  # Nothing was sent before.
    clock.advance(600)
    assert told(online)["jobDocument"] == DOCUMENT
    assert status(ask, job) == "IN_PROGRESS"


def test_task_times_out_in_progress(online: Wire, ask: Ask, clock: ManualClock) -> None:
    job = done(create(ask, timeout_config={"inProgressTimeoutInMinutes": 10}))["JobId"]
    done(
        ask(
            "UpdateJob",
            job_id=job,
            description="faster",
            timeout_config={"inProgressTimeoutInMinutes": 1},
        )
    )
    assert done(ask("QueryJob", job_id=job))["Data"]["Description"] == "faster"
    assert report(online, told(online)["taskId"], "IN_PROGRESS", 1) == 200
    clock.advance(60)
    assert done(ask("QueryJobStatistics", job_id=job))["Data"]["TimeOut"] == 1
    assert status(ask, job) == "COMPLETED"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "PUB"}, "iot.common.InvalidFormattedParameter"),
        ({"job_name": "job"}, "iot.common.InvalidFormattedParameter"),
        ({"description": "x" * 101}, "iot.common.InvalidFormattedParameter"),
        ({"job_document": "[]"}, "iot.common.InvalidFormattedParameter"),
        (
            {"timeout_config": {"inProgressTimeoutInMinutes": 0}},
            "iot.common.InvalidFormattedParameter",
        ),
        ({"rollout_config": {"maximumPerMinute": 9}}, "iot.common.InvalidFormattedParameter"),
        ({"target_config": {"targetType": "GROUP_ID"}}, "iot.common.InvalidFormattedParameter"),
        (
            {"target_config": {"targetType": "DEVICE_LIST", "targetDevices": []}},
            "iot.common.InvalidFormattedParameter",
        ),
        (
            {"target_config": {"targetType": "PRODUCT_KEY", "targetProduct": "x"}},
            "iot.prod.NotExistedProduct",
        ),
        ({"job_file": {"fileKey": "x"}}, "iot.ota.NotExistedFile"),
    ],
)
def test_malformed_job_is_refused(online: Wire, ask: Ask, changes: Any, code: str) -> None:
    assert refused(create(ask, **changes)) == code
