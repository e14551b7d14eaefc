"""OTA jobs: which devices get a push, how reports change a task, and the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Rules, Settings
from alink_sim.platform.ota.packages import UpgradeError
from tests.platform.downloads import fetch
from tests.platform.online import Online, online
from tests.platform.ota_messages import DATA, DN, PK, inform, progress, pushed, reported, status
from tests.platform.wire import ACCEPTED, Party, Wire, publish, subscribe

__all__ = ["online"]

SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


def test_published_version_is_pushed_to_online_device(online: Online):
    job = online.platform.ota.publish(PK, "2.0.0", DATA)
    told = pushed(online.wire)
    url = told.pop("url")
    assert told == {"size": 10240, "version": "2.0.0", "sign": SHA256, "signMethod": "SHA256"}
    assert url.startswith(f"https://localhost:{online.platform.ota_port}/ota/")
    head, body = fetch(online.platform, url)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: 10240\r\n" in head
    assert body == DATA
    assert status(online.platform) == ("NOTIFIED", 0)
    reported(online.wire, progress("1"), progress("100"))
    assert status(online.platform) == ("IN_PROGRESS", 100)
    reported(online.wire, inform("2.0.0"))
    assert status(online.platform) == ("SUCCEEDED", 100)
    assert online.platform.ota.versions(PK, DN) == {"default": "2.0.0"}
    assert online.platform.ota.job(job.id).status == "COMPLETED"
    kinds = [one.kind for one in online.platform.events(product_key=PK) if "ota" in one.kind]
    assert (kinds[0], kinds[-1]) == ("ota_published", "ota_job")


def test_waiting_task_is_pushed_at_each_login(platform: Platform, party: Party):
    platform.ota.publish(PK, "2.0.0", DATA)
    assert status(platform) == ("QUEUED", 0)
    for _ in range(2):
        with Wire.tls(platform) as wire:
            assert wire.ask(party.log_in()) == ACCEPTED
            assert pushed(wire)["version"] == "2.0.0"
            wire.send(inform("1.0.0"), progress("7"))
            platform.expect("ota_progress", step=7)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        pushed(wire)
        wire.send(inform("2.0.0"))
        platform.expect("ota_task", status="SUCCEEDED")
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        reported(wire)


def test_late_subscriber_gets_push_after_version_report(
    make_platform: Callable[..., Platform],
):
    platform = make_platform(settings=Settings(auto_deliver="never"))
    product = platform.console.create_product(key=PK)
    party = Party.of(product, platform.console.add_device(PK, DN))
    platform.ota.publish(PK, "2.0.0", DATA)
    with Wire.tls(platform) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        wire.ask(subscribe(1, (f"/ota/device/upgrade/{PK}/{DN}", 1)))
        reported(wire)
        assert status(platform) == ("QUEUED", 0)
        wire.send(inform("1.0.0"))
        pushed(wire)
        reported(wire, inform("1.0.0"))  # Once is enough.
        assert status(platform) == ("NOTIFIED", 0)
        reported(wire, progress("7"))
    with Wire.tls(platform) as wire:  # It was reset in the middle of the update.
        assert wire.ask(party.log_in()) == ACCEPTED
        wire.ask(subscribe(1, (f"/ota/device/upgrade/{PK}/{DN}", 1)))
        wire.send(inform("1.0.0"))
        assert pushed(wire)["version"] == "2.0.0"
        reported(wire, inform("1.0.0"))
    assert status(platform) == ("IN_PROGRESS", 7)


def test_current_or_unlisted_device_gets_no_push(online: Online):
    reported(online.wire, inform("2.0.0"))
    online.platform.ota.publish(PK, "2.0.0", DATA)
    online.platform.console.add_device(PK, "dev-2")
    online.platform.ota.publish(PK, "3.0.0", DATA, devices=["dev-2"])
    assert online.platform.ota.tasks(PK, DN) == []
    assert [one.status for one in online.platform.ota.tasks(PK, "dev-2")] == ["QUEUED"]
    reported(online.wire)  # Nothing else has come.


def test_push_has_optional_md5_diff_module_and_tags(online: Online):
    reported(online.wire, inform("1.0", "MCU"))
    online.platform.ota.publish(
        PK,
        "2.0.0",
        DATA,
        module="MCU",
        sign_method="Md5",
        src_version="1.0",
        rules=Rules(tags={"a": "b"}),
    )
    told = pushed(online.wire)
    del told["url"]
    assert told == {
        "size": 10240,
        "version": "2.0.0",
        "isDiff": 1,
        "sign": MD5,
        "md5": MD5,
        "signMethod": "Md5",
        "module": "MCU",
        "extData": {"a": "b"},
    }
    reported(online.wire, inform("2.0.0"))  # Of the default module.
    assert status(online.platform) == ("NOTIFIED", 0)
    reported(online.wire, inform("2.0.0", "MCU"))
    assert status(online.platform) == ("SUCCEEDED", 100)


def test_push_lists_several_files(online: Online):
    online.platform.ota.publish(PK, "2.0.0", {"a.bin": DATA, "b.bin": b"b"})
    told = pushed(online.wire)
    urls = [one.pop("fileUrl") for one in told["files"]]
    assert told["files"][0] == {
        "fileName": "a.bin",
        "fileSize": 10240,
        "fileMd5": MD5,
        "fileSign": SHA256,
    }
    assert set(told) == {"version", "signMethod", "files"}
    assert [fetch(online.platform, url)[1] for url in urls] == [DATA, b"b"]


def test_firmware_request_returns_the_push_or_nothing(online: Online):
    topic = f"/sys/{PK}/{DN}/thing/ota/firmware/get"
    asked = publish(topic, b'{"id":"7","version":"1.0","params":{"module":"default"}}')
    nothing = publish(
        topic + "_reply",
        b'{"code":200,"data":{},"id":"7","message":"success",'
        b'"method":"thing.ota.firmware.get","version":"1.0"}',
    )
    assert online.wire.ask(asked) == nothing
    online.platform.ota.publish(PK, "2.0.0", DATA)
    told = pushed(online.wire)
    online.wire.send(asked)
    _, body, _ = online.wire.read_publish()
    assert (body["code"], body["data"]) == (200, told)


def test_older_firmware_request_gets_reply_on_its_topic(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    told = pushed(online.wire)
    topic = f"/ota/device/request/{PK}/{DN}"
    online.wire.send(publish(topic, b'{"id":"7","params":{}}'))
    answered, body, _ = online.wire.read_publish()
    assert (answered, body["code"], body["id"], body["data"]) == (topic, "1000", "7", told)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("-1", "the update failed: why"),
        ("-2", "the download failed: why"),
        ("-3", "the check of the file failed: why"),
        ("-4", "writing to flash failed: why"),
    ],
)
def test_a_step_below_0_is_a_failure(online: Online, step: str, reason: str):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    pushed(online.wire)
    reported(online.wire, progress("50"), progress(step, "why"))
    task = online.platform.ota.tasks(PK, DN)[-1]
    assert (task.status, task.progress, task.reason) == ("FAILED", 50, reason)
    assert online.platform.expect("ota_task", status="FAILED").reason == reason


@pytest.mark.parametrize(
    ("rule", "step", "made"),
    [
        ("finished", "100", "FAILED"),
        ("finished", "99", "IN_PROGRESS"),
        ("always", "1", "FAILED"),
        ("never", "100", "IN_PROGRESS"),
    ],
)
def test_setting_decides_task_status_after_another_version(
    make_platform: Callable[..., Platform], rule: str, step: str, made: str
):
    platform = make_platform(settings=Settings(ota_other_version=rule))
    product = platform.console.create_product(key=PK)
    online = Online(platform, Party.of(product, platform.console.add_device(PK, DN)))
    with online.wire:
        platform.ota.publish(PK, "2.0.0", DATA)
        pushed(online.wire)
        reported(online.wire, progress(step), inform("1.0.0"))
    assert status(platform)[0] == made


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("inform", b"{}"),
        ("inform", b'{"params":{"version":7}}'),
        ("inform", b'{"params":{"version":""}}'),
        ("progress", b"["),
        ("progress", b'{"params":{"step":"101"}}'),
        ("progress", b'{"params":{"step":"-5"}}'),
        ("progress", b'{"params":{"step":"half"}}'),
    ],
)
def test_invalid_report_is_logged_and_changes_nothing(online: Online, topic: str, payload: bytes):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    pushed(online.wire)
    reported(online.wire, publish(f"/ota/device/{topic}/{PK}/{DN}", payload))
    assert online.platform.expect("ota_refused").device_name == DN
    assert status(online.platform) == ("NOTIFIED", 0)
    assert online.platform.ota.versions(PK, DN) == {}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sign_method": "sha1"}, "sign_method is 'sha1'; use SHA256, Md5"),
        ({"data": {}}, "0 files; a package has 1 to 20"),
        ({"data": {f"{n}.bin": b"1" for n in range(21)}}, "21 files"),
        ({"data": b""}, "no file of it is empty"),
        ({"version": ""}, "a package needs a version"),
    ],
)
def test_invalid_package_changes_nothing(online: Online, changes: dict[str, Any], says: str):
    arguments = {"version": "2.0.0", "data": DATA, **changes}
    with pytest.raises(UpgradeError, match=says):
        online.platform.ota.publish(PK, **arguments)
    assert online.platform.ota.tasks(PK, DN) == []


# At rest


def test_packages_tasks_and_files_survive_a_restart(
    make_platform: Callable[..., Platform], database_url: str, clock: ManualClock
):
    first = make_platform(clock=clock)
    product = first.console.create_product(key=PK)
    party = Party.of(product, first.console.add_device(PK, DN))
    first.ota.publish(PK, "2.0.0", {"a.bin": DATA, "b.bin": b"\x00\xff"})
    first.stop()
    second = make_platform(clock=clock)
    with Wire.tls(second) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        files = pushed(wire)["files"]
    assert [fetch(second, one["fileUrl"])[1] for one in files] == [DATA, b"\x00\xff"]
    assert status(second) == ("NOTIFIED", 0)


def test_removal_deletes_tasks_and_jobs(platform: Platform, party: Party):
    platform.ota.publish(PK, "2.0.0", DATA)
    platform.console.remove_device(PK, DN)
    assert platform._core.upgrades.tasks == {}
    platform.console.remove_product(PK)
    assert list(platform._core.upgrades.all()) == []
    assert platform._store.load_upgrades() == []
