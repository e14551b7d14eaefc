"""Device jobs: notified, asked for, reported, canceled."""

from __future__ import annotations

import hashlib
import json
import ssl
import urllib.request
from typing import Any

import pytest

from alink_sim.platform import JobError, Platform
from tests.platform.online import Online, online
from tests.platform.wire import Party, subscribe
from tests.waiting import PATIENCE

__all__ = ["online"]

DOCUMENT = {"action": "calibrate"}


def asked(online: Online, tail: str, params: Any) -> dict[str, Any]:
    body = json.dumps({"id": "7", "params": params}).encode()
    reply: dict[str, Any] = json.loads(online.ask(f"thing/job/{tail}", body))
    return reply


def task_of(online: Online, wanted: str = "$next") -> dict[str, Any]:
    task: dict[str, Any] = asked(online, "get", {"taskId": wanted})["data"]["task"]
    return task


def statuses(online: Online, job: str) -> list[tuple[str, int]]:
    tasks = online.platform.cloud.job_tasks(online.party.product.key, job)
    return [(task.status, task.progress) for task in tasks]


def create(online: Online, **more: Any) -> str:
    key, name = online.party.product.key, online.party.name
    return online.platform.cloud.create_job(key, [name], DOCUMENT, **more).id


def test_task_is_notified_fetched_and_reported(online: Online):
    job = create(online)
    topic, told, _ = online.wire.read_publish()
    assert topic.endswith("/thing/job/notify")
    task = told["params"]["task"]
    assert (task["status"], task["jobDocument"]) == ("SENT", DOCUMENT)
    assert task_of(online) == task_of(online, task["taskId"]) == task
    listed = asked(online, "get", {"taskId": "$list"})["data"]
    assert listed["tasks"] == [{"taskId": task["taskId"], "status": "SENT"}]
    report = {"taskId": task["taskId"], "status": "IN_PROGRESS", "progress": 50}
    assert asked(online, "update", report)["data"] == {"taskId": task["taskId"]}
    assert statuses(online, job) == [("IN_PROGRESS", 50)]
    done = {**report, "status": "SUCCEEDED", "progress": "100", "statusDetails": {"k": "v"}}
    assert asked(online, "update", done)["code"] == 200
    [kept] = online.platform.cloud.job_tasks(online.party.product.key, job)
    assert (kept.status, kept.details) == ("SUCCEEDED", {"k": "v"})
    assert online.platform.expect("job_task", timeout=0).detail["status"] == "SUCCEEDED"
    assert asked(online, "update", report)["code"] == 460
    assert asked(online, "get", {"taskId": "$next"})["data"] == {"taskId": "$next"}
    assert asked(online, "get", {"taskId": "$list"})["data"]["tasks"] == []


@pytest.mark.parametrize(
    ("tail", "params"),
    [
        ("get", {}),
        ("get", []),
        ("get", {"taskId": 1}),
        ("update", {"taskId": "x", "status": "SUCCEEDED"}),
        ("update", {"taskId": "x", "status": "SENT"}),
        ("update", {"taskId": "x", "status": "FAILED", "progress": 101}),
        ("update", {"taskId": "x", "status": "FAILED", "progress": "-1"}),
        ("update", {"taskId": "x", "status": "FAILED", "statusDetails": "text"}),
    ],
)
def test_malformed_request_for_jobs_is_refused(online: Online, tail: str, params: Any):
    assert asked(online, tail, params)["code"] == 460


def test_file_of_a_job_is_downloaded(online: Online):
    create(online, file=b"firmware", sign_method="Md5")
    _, told, _ = online.wire.read_publish()
    file = told["params"]["task"]["jobFile"]
    assert file["signMethod"] == "Md5"
    assert file["sign"] == hashlib.md5(b"firmware").hexdigest()
    context = ssl.create_default_context(cafile=online.platform.ca_pem)
    with urllib.request.urlopen(file["fileUrl"], context=context, timeout=PATIENCE) as response:
        assert response.read() == b"firmware"


def test_notice_of_canceled_task_has_no_document(online: Online):
    first, second = create(online), create(online)
    for _ in range(2):
        online.wire.read_publish()
    cloud, key = online.platform.cloud, online.party.product.key
    cloud.cancel_job(key, first)
    _, told, _ = online.wire.read_publish()
    assert told["params"]["task"]["status"] == "CANCELLED"
    assert told["params"]["task"]["jobDocument"] == {}
    assert task_of(online, told["params"]["task"]["taskId"])["status"] == "CANCELLED"
    cloud.remove_job(key, second)
    _, told, _ = online.wire.read_publish()
    assert told["params"]["task"]["status"] == "REMOVED"
    assert [job.id for job in cloud.jobs(key)] == [first]
    with pytest.raises(JobError, match=f"has no job '{second}'; it has {first}"):
        cloud.job_tasks(key, second)


def test_offline_device_gets_its_task_when_it_asks(platform: Platform, party: Party):
    job = platform.cloud.create_job(party.product.key, [party.name], DOCUMENT)
    [task] = platform.cloud.job_tasks(party.product.key, job.id)
    assert task.status == "QUEUED"
    made = Online(platform, party)
    with made.wire:
        assert made.wire.read_publish()[1]["params"]["task"]["taskId"] == task.id
        made.wire.ask(subscribe(1, (f"/sys/{party.product.key}/{party.name}/thing/#", 0)))
        assert task_of(made)["taskId"] == task.id


def test_unusable_jobs_are_refused(online: Online):
    cloud, key = online.platform.cloud, online.party.product.key
    with pytest.raises(JobError, match="needs a device"):
        cloud.create_job(key, [], DOCUMENT)
    with pytest.raises(JobError, match="at most 65536 bytes"):
        cloud.create_job(key, [online.party.name], {"text": "x" * 65536})
    with pytest.raises(JobError, match="sign_method is 'SHA1'; use Md5, Sha256"):
        create(online, sign_method="SHA1")
