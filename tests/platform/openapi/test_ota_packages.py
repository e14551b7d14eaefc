"""Update packages through the cloud API, by the vendor's own client."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform
from tests.platform.api_calls import PK, Ask, done, refused
from tests.platform.downloads import fetch
from tests.platform.http_requests import exchange, request
from tests.platform.ota_api import cloud, created, online, post_object, started, uploaded
from tests.platform.ota_messages import DATA
from tests.platform.wire import Wire

__all__ = ["cloud", "online"]

MD5 = hashlib.md5(DATA).hexdigest()
NOW = "2026-11-23T18:00:00.000Z"
FIELDS = {"product_key": PK, "dest_version": "2.0.0", "firmware_name": "one"}


@pytest.mark.usefixtures("online")
def test_uploaded_file_becomes_a_package(cloud: Platform, ask: Ask) -> None:
    answer = done(
        ask(
            "CreateOTAFirmware",
            **FIELDS,
            firmware_url=uploaded(cloud, ask),
            firmware_desc="of today",
            udi="hello",
        )
    )
    number = answer["Data"]["FirmwareId"]
    assert answer["Data"]["UtcCreate"] == NOW
    info = done(ask("QueryOTAFirmware", firmware_id=number))["FirmwareInfo"]
    url = info.pop("FirmwareUrl")
    shared = {
        "DestVersion": "2.0.0",
        "FirmwareDesc": "of today",
        "FirmwareId": number,
        "FirmwareName": "one",
        "FirmwareSign": MD5,
        "FirmwareSize": 10240,
        "ModuleName": "default",
        "ProductKey": PK,
        "ProductName": PK,
        "SignMethod": "MD5",
        "SrcVersion": "",
        "Status": 0,
        "Type": 0,
        "UtcCreate": NOW,
        "UtcModified": NOW,
    }
    assert info == {**shared, "Udi": "hello", "VerifyProgress": 0, "MultiFiles": []}
    assert fetch(cloud, url)[1] == DATA
    listed = done(ask("ListOTAFirmware", current_page=1, page_size=10))
    assert listed == {
        "FirmwareInfo": {"SimpleFirmwareInfo": [shared]},
        "CurrentPage": 1,
        "PageSize": 10,
        "PageCount": 1,
        "Total": 1,
    }


@pytest.mark.usefixtures("online")
def test_several_files_are_listed_with_their_digests(cloud: Platform, ask: Ask) -> None:
    files = [
        {"Name": "a.bin", "Url": uploaded(cloud, ask)},
        {"Name": "b.bin", "Url": uploaded(cloud, ask, b"b"), "SignValue": "0" * 64},
    ]
    answer = ask("CreateOTAFirmware", **FIELDS, sign_method="SHA256", multi_files=_multi(files))
    number = done(answer)["Data"]["FirmwareId"]
    info = done(ask("QueryOTAFirmware", firmware_id=number))["FirmwareInfo"]
    assert "FirmwareUrl" not in info
    first, second = info["MultiFiles"]
    assert fetch(cloud, first.pop("Url"))[1] == DATA
    assert first == {
        "FileMd5": MD5,
        "Name": "a.bin",
        "SignValue": hashlib.sha256(DATA).hexdigest(),
        "Size": 10240,
    }
    assert (second["Name"], second["SignValue"], second["Size"]) == ("b.bin", "0" * 64, 1)


def _multi(files: list[dict[str, Any]]) -> Any:
    from alibabacloud_iot20180120.models import CreateOTAFirmwareRequestMultiFiles

    return [CreateOTAFirmwareRequestMultiFiles().from_map(one) for one in files]


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product_key": "a1Elsewhere"}, "iot.prod.NotExistedProduct"),
        ({"module_name": "MCU"}, "iot.ota.NotExistedModule"),
        ({"firmware_url": "https://elsewhere.example/a.bin"}, "iot.ota.NotExistedFile"),
        ({"iot_instance_id": "iot-elsewhere"}, "iot.Sre.IotInstanceNotFound"),
    ],
)
def test_invalid_package_is_refused(
    cloud: Platform, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    fields = {**FIELDS, "firmware_url": uploaded(cloud, ask), **changes}
    assert refused(ask("CreateOTAFirmware", **fields)) == code
    assert done(ask("ListOTAFirmware", current_page=1, page_size=10))["Total"] == 0


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dest_version": "2 0"}, "InvalidDestVersion"),
        ({"dest_version": "2" * 65}, "InvalidDestVersion"),
        ({"firmware_name": "-one"}, "InvalidFirmwareName"),
        ({"firmware_desc": "x" * 101}, "InvalidFirmwareDesc"),
        ({"udi": "x" * 4097}, "InvalidUdi"),
        ({"sign_method": "CRC"}, "InvalidSignMethod"),
        ({"type": 2}, "InvalidType"),
        ({"type": 1}, "InvalidSrcVersion"),
        ({"type": 1, "src_version": "2.0.0"}, "InvalidSrcVersion"),
        ({"need_to_verify": "perhaps"}, "InvalidNeedToVerify"),
        ({"firmware_url": ""}, "MissingFirmwareUrl"),
    ],
)
def test_invalid_parameter_is_refused(
    cloud: Platform, ask: Ask, changes: dict[str, Any], code: str
) -> None:
    fields = {**FIELDS, "firmware_url": uploaded(cloud, ask), **changes}
    with pytest.raises(ClientException) as caught:
        ask("CreateOTAFirmware", **fields)
    assert caught.value.code == code


@pytest.mark.usefixtures("online")
def test_package_name_and_uploaded_file_are_used_once(cloud: Platform, ask: Ask) -> None:
    url = uploaded(cloud, ask)
    created(cloud, ask, firmware_url=url)
    fields = {**FIELDS, "firmware_url": url}
    assert refused(ask("CreateOTAFirmware", **fields)) == "iot.ota.AlreadyExistedFirmwareName"
    fields["firmware_name"] = "two"
    assert refused(ask("CreateOTAFirmware", **fields)) == "iot.ota.NotExistedFile"
    url = uploaded(cloud, ask)
    twice = _multi([{"Name": name, "Url": url} for name in ("a.bin", "b.bin")])
    with pytest.raises(ClientException, match="InvalidMultiFiles"):
        ask("CreateOTAFirmware", **(FIELDS | {"firmware_name": "two"}), multi_files=twice)


def test_package_in_use_cannot_be_deleted(cloud: Platform, online: Wire, ask: Ask) -> None:
    number = created(cloud, ask)
    job_id = started(ask, number)
    assert refused(ask("DeleteOTAFirmware", firmware_id=number)) == "iot.ota.FirmwareInUse"
    done(ask("CancelOTATaskByJob", job_id=job_id, cancel_notified_task=True))
    done(ask("DeleteOTAFirmware", firmware_id=number))
    assert refused(ask("QueryOTAFirmware", firmware_id=number)) == "iot.ota.NotExistedFirmware"
    assert refused(ask("QueryOTAJob", job_id=job_id)) == "iot.ota.NotExistedJob"
    assert list(cloud._core.upgrades.all()) == []


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"Signature": "AAAA"}, b"<Code>SignatureDoesNotMatch</Code>"),
        ({"Signature": "é"}, b"<Code>SignatureDoesNotMatch</Code>"),
        ({"policy": "AAAA"}, b"<Code>SignatureDoesNotMatch</Code>"),
        ({"key": "ota/elsewhere.bin"}, b"<Code>AccessDenied</Code>"),
        ({"OSSAccessKeyId": "LTAIother"}, b"<Code>InvalidAccessKeyId</Code>"),
    ],
)
def test_changed_upload_form_is_refused(
    cloud: Platform, ask: Ask, changes: dict[str, str], says: bytes
) -> None:
    data = done(ask("GenerateOTAUploadURL", file_suffix="zip"))["Data"]
    assert data["Key"].endswith(".zip")
    answer = post_object(cloud, data, DATA, **changes)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert says in answer
    fields = {**FIELDS, "firmware_url": data["FirmwareUrl"]}
    assert refused(ask("CreateOTAFirmware", **fields)) == "iot.ota.NotExistedFile"


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=b"])
def test_malformed_form_gets_the_error_of_oss(cloud: Platform, kind: str) -> None:
    head, body = exchange(cloud, request("/", b"no form", kind), port=cloud.ota_port)
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"<Code>MalformedPOSTRequest</Code>" in body


@pytest.mark.usefixtures("online")
def test_upload_url_and_uploaded_file_expire(
    cloud: Platform, ask: Ask, clock: ManualClock
) -> None:
    first, second = (done(ask("GenerateOTAUploadURL"))["Data"] for _ in range(2))
    clock.advance(60)
    assert b" 204 " in post_object(cloud, first, DATA).partition(b"\r\n")[0]
    clock.advance(1)
    assert b"Policy expired" in post_object(cloud, second, DATA)
    clock.advance(3598)
    fields = {**FIELDS, "firmware_url": first["FirmwareUrl"]}
    assert cloud._core.upgrades.contents
    clock.advance(1)
    assert refused(ask("CreateOTAFirmware", **fields)) == "iot.ota.NotExistedFile"
    assert not cloud._core.upgrades.contents


@pytest.mark.usefixtures("online")
def test_the_file_of_a_package_stays(cloud: Platform, ask: Ask, clock: ManualClock) -> None:
    number = created(cloud, ask)
    clock.advance(3600)
    info = done(ask("QueryOTAFirmware", firmware_id=number))["FirmwareInfo"]
    assert fetch(cloud, info["FirmwareUrl"])[1] == DATA


@pytest.mark.usefixtures("online")
def test_success_has_the_status_that_the_form_wants(cloud: Platform, ask: Ask) -> None:
    data = done(ask("GenerateOTAUploadURL"))["Data"]
    answer = post_object(cloud, data, DATA, success_action_status="200")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ClientException, match="InvalidFileSuffix"):
        ask("GenerateOTAUploadURL", file_suffix="exe")
