"""Upgrades over the air: what is pushed to whom, what a report makes of it, and the files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from alink_sim.platform.ota.packages import PackageError
from tests.platform.downloads import fetch
from tests.platform.online import Online, online
from tests.platform.wire import ACCEPTED, Party, Wire, publish

__all__ = ["online"]

PK, DN = "a1B2c3D4e5F", "esp32-240AC4A1B2C3"
DATA = bytes(range(256)) * 40
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


def inform(version: str, module: str = "") -> bytes:
    more = f',"module":"{module}"' if module else ""
    payload = f'{{"id":"1","params":{{"version":"{version}"{more}}}}}'
    return publish(f"/ota/device/inform/{PK}/{DN}", payload.encode())


def progress(step: str, text: str = "") -> bytes:
    payload = f'{{"id":"1","params":{{"step":"{step}","desc":"{text}"}}}}'
    return publish(f"/ota/device/progress/{PK}/{DN}", payload.encode())


def pushed(wire: Wire) -> Any:
    topic, body, qos = wire.read_publish()
    assert (topic, qos) == (f"/ota/device/upgrade/{PK}/{DN}", 0)
    assert (body["code"], body["message"]) == ("1000", "success")
    assert set(body) == {"code", "data", "id", "message"}
    return body["data"]


def status(platform: Platform) -> tuple[str, int]:
    task = platform.ota.tasks(PK, DN)[-1]
    return task.status, task.progress


def reported(online: Online, *packets: bytes) -> None:
    """Send reports, and wait until the last one was taken up."""
    assert online.wire.ask(*packets, PINGREQ) == PINGRESP


def test_a_version_that_is_published_is_pushed_to_a_device_that_is_online(online: Online):
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
    reported(online, progress("1"), progress("100"))
    assert status(online.platform) == ("IN_PROGRESS", 100)
    reported(online, inform("2.0.0"))
    assert status(online.platform) == ("SUCCEEDED", 100)
    assert online.platform.ota.versions(PK, DN) == {"default": "2.0.0"}
    assert online.platform.ota.job(job.id).status == "COMPLETED"


def test_it_is_pushed_when_the_device_comes_online_as_long_as_it_waits(
    platform: Platform, party: Party
):
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
        assert wire.ask(party.log_in(), PINGREQ) == ACCEPTED
        assert wire.read() == PINGRESP


def test_who_has_the_version_or_is_not_named_is_pushed_nothing(online: Online):
    reported(online, inform("2.0.0"))
    online.platform.ota.publish(PK, "2.0.0", DATA)
    online.platform.add_device(PK, "dev-2")
    online.platform.ota.publish(PK, "3.0.0", DATA, devices=["dev-2"])
    assert online.platform.ota.tasks(PK, DN) == []
    assert [one.status for one in online.platform.ota.tasks(PK, "dev-2")] == ["QUEUED"]
    reported(online)  # Nothing else has come.


def test_md5_is_told_twice_a_difference_a_module_and_tags_where_there_are_some(online: Online):
    online.platform.ota.publish(
        PK, "2.0.0", DATA, module="MCU", sign_method="Md5", src_version="1.0", tags={"a": "b"}
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
    reported(online, inform("2.0.0"))  # Of the default module.
    assert status(online.platform) == ("NOTIFIED", 0)
    reported(online, inform("2.0.0", "MCU"))
    assert status(online.platform) == ("SUCCEEDED", 100)


def test_several_files_are_told_in_a_list(online: Online):
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


def test_a_device_may_ask_and_is_told_the_same_or_nothing(online: Online):
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


def test_the_older_way_to_ask_is_answered_on_its_own_topic(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    told = pushed(online.wire)
    topic = f"/ota/device/request/{PK}/{DN}"
    online.wire.send(publish(topic, b'{"id":"7","params":{}}'))
    answered, body, _ = online.wire.read_publish()
    assert (answered, body["code"], body["id"], body["data"]) == (topic, "1000", "7", told)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("-1", "the upgrade failed: why"),
        ("-2", "the download failed: why"),
        ("-3", "the check of the file failed: why"),
        ("-4", "writing to flash failed: why"),
    ],
)
def test_a_step_below_0_is_a_failure(online: Online, step: str, reason: str):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    pushed(online.wire)
    reported(online, progress("50"), progress(step, "why"))
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
def test_another_version_after_the_upgrade_is_what_the_setting_says(
    make_platform: Callable[..., Platform], rule: str, step: str, made: str
):
    platform = make_platform(settings=Settings(ota_other_version=rule))
    product = platform.create_product(key=PK)
    online = Online(platform, Party.of(product, platform.add_device(PK, DN)))
    with online.wire:
        platform.ota.publish(PK, "2.0.0", DATA)
        pushed(online.wire)
        reported(online, progress(step), inform("1.0.0"))
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
def test_a_report_that_is_none_is_noted_and_changes_nothing(
    online: Online, topic: str, payload: bytes
):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    pushed(online.wire)
    reported(online, publish(f"/ota/device/{topic}/{PK}/{DN}", payload))
    assert online.platform.expect("ota_refused").device_name == DN
    assert status(online.platform) == ("NOTIFIED", 0)
    assert online.platform.ota.versions(PK, DN) == {}


def test_a_second_job_finds_a_device_that_is_busy(online: Online):
    first = online.platform.ota.publish(PK, "2.0.0", DATA)
    second = online.platform.ota.publish(PK, "3.0.0", DATA)
    kept = {one.job_id: one for one in online.platform.ota.tasks(PK, DN)}
    assert kept[first.id].status == "NOTIFIED"
    assert kept[second.id].status == "FAILED"
    assert kept[second.id].reason == f"the device is busy with task {kept[first.id].id}"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sign_method": "sha1"}, "sign_method is 'sha1'; it takes one of: SHA256, Md5"),
        ({"data": {}}, "0 files; a package has 1 to 20"),
        ({"data": {f"{n}.bin": b"1" for n in range(21)}}, "21 files"),
        ({"data": b""}, "no file of it is empty"),
        ({"version": ""}, "a package needs a version"),
    ],
)
def test_a_package_that_cannot_be_changes_nothing(
    online: Online, changes: dict[str, Any], says: str
):
    arguments = {"version": "2.0.0", "data": DATA, **changes}
    with pytest.raises(PackageError, match=says):
        online.platform.ota.publish(PK, **arguments)
    assert online.platform.ota.tasks(PK, DN) == []


# Files


@pytest.fixture
def url(online: Online) -> str:
    online.platform.ota.publish(PK, "2.0.0", DATA)
    found: str = pushed(online.wire)["url"]
    return found


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-", 0, 10239),
        ("bytes=0-0", 0, 0),
        ("bytes=4096-6143", 4096, 6143),
        ("bytes=10239-", 10239, 10239),
        ("bytes=-240", 10000, 10239),
    ],
)
def test_a_range_is_answered_by_206(online: Online, url: str, wanted: str, first: int, last: int):
    head, body = fetch(online.platform, url, f"Range: {wanted}")
    assert head.startswith(b"HTTP/1.1 206 Partial Content\r\n")
    assert f"\r\nContent-Range: bytes {first}-{last}/10240\r\n".encode() in head
    assert f"\r\nContent-Length: {last - first + 1}\r\n".encode() in head
    assert body == DATA[first : last + 1]
    event = online.platform.expect("ota_downloaded", device_name=DN)
    assert (event.detail["first"], event.detail["last"], event.detail["size"]) == (
        first,
        last,
        10240,
    )


@pytest.mark.parametrize(
    "wanted",
    ["bytes=0-10240", "bytes=10240-", "bytes=-10241", "byte=0-1", "bytes=-", "bytes=5-4"],
)
def test_a_range_beyond_the_file_brings_all_of_it_as_from_oss(
    online: Online, url: str, wanted: str
):
    head, body = fetch(online.platform, url, f"Range: {wanted}")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Range" not in head
    assert body == DATA


def test_http_1_0_is_spoken_too(online: Online, url: str):
    head, body = fetch(online.platform, url, "Range: bytes=1-", version="1.0")
    assert head.startswith(b"HTTP/1.0 206 Partial Content\r\n")
    assert b"\r\nContent-Length: 10239\r\n" in head
    assert body == DATA[1:]


def test_a_url_dies_after_24_hours(online: Online, url: str, clock: ManualClock):
    clock.advance(86400)
    assert fetch(online.platform, url)[0].startswith(b"HTTP/1.1 200 OK\r\n")
    clock.advance(1)
    head, body = fetch(online.platform, url)
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"\r\nContent-Type: application/xml" in head
    assert b"<Code>AccessDenied</Code>" in body
    assert b"<Message>Request has expired.</Message>" in body


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Signature=", "Signature=x"),
        ("firmware.bin", "firmware.bim"),
        ("security-token=", "security-token=x"),
        ("Expires=1", "Expires=9"),
    ],
)
def test_a_url_that_was_tampered_with_is_refused(online: Online, url: str, old: str, new: str):
    head, body = fetch(online.platform, url.replace(old, new, 1))
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"<Code>SignatureDoesNotMatch</Code>" in body
    assert online.platform.expect("ota_download_refused").reason.startswith("SignatureDoesNot")


def test_the_url_of_a_get_is_not_good_for_a_head_as_with_oss(online: Online, url: str):
    head, body = fetch(online.platform, url, method="HEAD")
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert body == b""


def test_no_event_tells_a_signature(online: Online, url: str):
    fetch(online.platform, url)
    fetch(online.platform, url.replace("Expires=1", "Expires=9"))
    signature = url.partition("Signature=")[2].partition("&")[0]
    assert len(signature) > 27
    shown = repr([event.as_json() for event in online.platform.events()])
    assert signature not in shown
    assert "Signature=" not in shown


# At rest


def test_packages_tasks_and_files_survive_a_restart(
    make_platform: Callable[..., Platform], database_url: str, clock: ManualClock
):
    first = make_platform(clock=clock)
    product = first.create_product(key=PK)
    party = Party.of(product, first.add_device(PK, DN))
    first.ota.publish(PK, "2.0.0", {"a.bin": DATA, "b.bin": b"\x00\xff"})
    first.stop()
    second = make_platform(clock=clock)
    with Wire.tls(second) as wire:
        assert wire.ask(party.log_in()) == ACCEPTED
        files = pushed(wire)["files"]
    assert [fetch(second, one["fileUrl"])[1] for one in files] == [DATA, b"\x00\xff"]
    assert status(second) == ("NOTIFIED", 0)


def test_what_belongs_to_a_removed_device_or_product_goes_with_it(
    platform: Platform, party: Party
):
    platform.ota.publish(PK, "2.0.0", DATA)
    platform.remove_device(PK, DN)
    assert platform._upgrades.tasks == {}
    platform.remove_product(PK)
    assert list(platform._upgrades.all()) == []
    assert platform._store.load_upgrades() == []
