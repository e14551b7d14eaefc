"""The gate of the cloud API: literal requests and answers, each signature and each refusal."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import socket
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from alibabacloud_iot20180120 import models
from alibabacloud_tea_openapi.exceptions import ClientException

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from alink_sim.platform.openapi.signature import Received, claim
from tests.platform.api_calls import PK, Ask, asking, client, done
from tests.waiting import PATIENCE

NOW = "2026-11-23T18:00:00Z"  # The test's clock starts then.
EMPTY = hashlib.sha256(b"").hexdigest()


# The vendor's own examples


def test_the_example_of_version_1_0_is_proven() -> None:
    # Alibaba Cloud, "Sign API requests": DescribeRegions with testid and testsecret.
    query = {
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "Format": "XML",
        "Signature": "OLeaidS1JvxuMvnyHOwuJ+uX5qY=",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "SignatureVersion": "1.0",
        "Timestamp": "2016-02-23T12:46:24Z",
        "Version": "2014-05-26",
    }
    found = claim(Received("GET", "/", query, {}, {}, b""))
    assert found.access_key_id == "testid"
    assert found.is_proven("testsecret")
    assert not found.is_proven("testsecreT")


def test_the_example_of_acs3_is_proven() -> None:
    # Alibaba Cloud, "V3 request body and signature": RunInstances with its example keys.
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
        "authorization": "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;"
        "x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
    }
    query = {
        "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        "RegionId": "cn-shanghai",
    }
    found = claim(Received("POST", "/", query, {}, headers, b""))
    assert found.access_key_id == "YourAccessKeyId"
    assert found.is_proven("YourAccessKeySecret")
    moved = {**headers, "x-acs-date": "2023-10-26T10:22:33Z"}
    assert not claim(Received("POST", "/", query, {}, moved, b"")).is_proven("YourAccessKeySecret")


# On the wire


def exchange(platform: Platform, sent: bytes) -> tuple[int, dict[str, str], str]:
    """Send a request as it is; return status, headers and body of the answer."""
    address = "127.0.0.1", platform.openapi_port
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as file:
            status = int(file.readline().split()[1])
            lines = iter(lambda: file.readline().decode().strip(), "")
            headers = dict(line.split(": ", 1) for line in lines)
            return status, headers, file.read(int(headers["Content-Length"])).decode()


def get(query: dict[str, str], *, method: str = "GET") -> bytes:
    return f"{method} /?{urlencode(query)} HTTP/1.1\r\nHost: iot.example\r\n\r\n".encode()


def parameters(platform: Platform, **changes: str) -> dict[str, str]:
    """Return the parameters of a RegisterDevice, signed by version 1.0; "" leaves one out."""
    given = {
        "AccessKeyId": platform.access_key.id,
        "Action": "RegisterDevice",
        "DeviceName": "dev 1*~",
        "Format": "JSON",
        "ProductKey": PK,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "n1",
        "SignatureVersion": "1.0",
        "Timestamp": NOW,
        "Version": "2018-01-20",
    }
    signed = {name: value for name, value in {**given, **changes}.items() if value}
    pairs = "&".join(f"{key}={quote(one, safe='~')}" for key, one in sorted(signed.items()))
    content = f"GET&%2F&{quote(pairs, safe='')}"
    made = hmac.digest(f"{platform.access_key.secret}&".encode(), content.encode(), "sha1")
    return {**signed, "Signature": base64.b64encode(made).decode()}


def code(platform: Platform, query: dict[str, str]) -> tuple[int, str]:
    status, _, body = exchange(platform, get(query))
    found: str = json.loads(body)["Code"]
    return status, found


def test_a_refusal_looks_like_the_gateway_s(platform: Platform) -> None:
    status, headers, body = exchange(
        platform, get(parameters(platform, Action="SwitchDynamicRegistration"))
    )
    assert status == 404
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    number = json.loads(body)["RequestId"]
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", number)
    assert body == (
        f'{{"RequestId":"{number}",'
        '"Message":"Specified api is not found, please check your url and method.",'
        '"Recommend":"https://api.aliyun.com/troubleshoot?q=InvalidAction.NotFound&product=Iot'
        f'&requestId={number}","HostId":"iot.example","Code":"InvalidAction.NotFound"}}'
    )


def test_response_is_xml_by_default(platform: Platform) -> None:
    status, headers, body = exchange(platform, b"GET / HTTP/1.1\r\nHost: iot.example\r\n\r\n")
    assert status == 404
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert body.startswith("<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>")
    assert "?q=InvalidAction.NotFound&amp;product=Iot&amp;requestId=" in body
    assert body.endswith("<Code>InvalidAction.NotFound</Code></Error>")


def test_an_answer_in_json_and_in_xml(platform: Platform) -> None:
    device = platform.console.add_device(platform.console.create_product(key=PK).key, "dev-1")
    asked = {"Action": "QueryDeviceInfo", "DeviceName": "dev-1"}
    _, _, body = exchange(platform, get(parameters(platform, **asked)))
    number = json.loads(body)["RequestId"]
    assert body == (
        f'{{"RequestId":"{number}","Success":true,"Code":"","Data":{{"IotId":"{device.iot_id}",'
        f'"ProductKey":"{PK}","DeviceName":"dev-1","Nickname":"",'
        f'"DeviceSecret":"{device.secret}"}}}}'
    )
    again = parameters(platform, **asked, Format="XML", SignatureNonce="n2")
    _, _, body = exchange(platform, get(again))
    assert body.endswith(
        f"<Success>true</Success><Code></Code><Data><IotId>{device.iot_id}</IotId>"
        f"<ProductKey>{PK}</ProductKey><DeviceName>dev-1</DeviceName><Nickname></Nickname>"
        f"<DeviceSecret>{device.secret}</DeviceSecret></Data></QueryDeviceInfoResponse>"
    )


def test_a_list_in_xml_repeats_its_name(platform: Platform) -> None:
    platform.console.create_product(key=PK)
    for name in ("dev-1", "dev-2"):
        platform.console.add_device(PK, name)
    asked = parameters(platform, Action="QueryDevice", Format="XML")
    _, _, body = exchange(platform, get(asked))
    assert body.count("<DeviceInfo>") == body.count("</DeviceInfo>") == 2


@pytest.mark.parametrize(
    ("changes", "status", "code_"),
    [
        ({"Version": "2018-01-21"}, 400, "InvalidVersion"),
        ({"Version": ""}, 400, "InvalidVersion"),
        ({"AccessKeyId": ""}, 400, "MissingAccessKeyId"),
        ({"SignatureNonce": ""}, 400, "MissingSignatureNonce"),
        ({"Timestamp": ""}, 400, "MissingTimestamp"),
        ({"AccessKeyId": "LTAI5tNobody"}, 404, "InvalidAccessKeyId.NotFound"),
        ({"SignatureMethod": "HMAC-MD5"}, 400, "InvalidSignatureMethod"),
        ({"SignatureVersion": "2.0"}, 400, "InvalidSignatureMethod"),
        ({"Timestamp": "2026-11-23 18:00:00"}, 400, "InvalidTimeStamp.Format"),
        ({"Timestamp": "2026-11-23T17:44:59Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"Timestamp": "2026-11-23T18:15:01Z"}, 400, "InvalidTimeStamp.Expired"),
        ({"ProductKey": ""}, 400, "MissingProductKey"),
        ({"Action": "QueryDevice", "PageSize": "ten"}, 400, "InvalidPageSize"),
        (
            {
                "Action": "Pub",
                "TopicFullName": f"/{PK}/dev-1/user/get",
                "MessageContent": "aGk=",
                "Qos": "2",
            },
            400,
            "InvalidQos",
        ),
    ],
)
def test_invalid_common_parameters_are_refused(
    platform: Platform, changes: dict[str, str], status: int, code_: str
) -> None:
    platform.console.create_product(key=PK)
    platform.console.add_device(PK, "dev-1")
    assert code(platform, parameters(platform, **changes)) == (status, code_)
    assert platform.expect("api_refused").reason.startswith(f"{code_}: ")


@pytest.mark.parametrize("moment", ["2026-11-23T17:45:00Z", "2026-11-23T18:15:00Z"])
def test_timestamp_within_15_minutes_is_accepted(platform: Platform, moment: str) -> None:
    assert code(platform, parameters(platform, Timestamp=moment)) == (
        200,
        "iot.prod.NotExistedProduct",
    )


def test_a_request_without_a_signature_is_refused(platform: Platform) -> None:
    query = parameters(platform)
    del query["Signature"]
    assert code(platform, query) == (400, "MissingSignature")


def test_changed_request_is_refused_with_string_to_sign(
    platform: Platform,
) -> None:
    query = parameters(platform) | {"DeviceName": "dev-2"}
    status, _, body = exchange(platform, get(query))
    answer = json.loads(body)
    assert (status, answer["Code"]) == (400, "SignatureDoesNotMatch")
    assert "string to sign is:GET&%2F&AccessKeyId%3D" in answer["Message"]
    assert "DeviceName%3Ddev-2%26Format" in answer["Message"]
    assert platform.access_key.secret not in body


def test_action_in_unsigned_header_is_ignored(platform: Platform) -> None:
    platform.console.create_product(key=PK)
    query = parameters(platform, Action="QueryProduct")
    sent = get(query).replace(b"\r\n\r\n", b"\r\nx-acs-action: DeleteProduct\r\n\r\n")
    assert json.loads(exchange(platform, sent)[2])["Data"]["ProductKey"] == PK


def test_a_request_is_good_once(platform: Platform, clock: ManualClock) -> None:
    query = parameters(platform)
    assert code(platform, query)[0] == 200
    clock.advance(899)
    assert code(platform, query) == (400, "SignatureNonceUsed")


def test_nonce_of_refused_call_stays_valid(platform: Platform) -> None:
    wrong = parameters(platform) | {"Signature": "AAAA"}
    assert code(platform, wrong) == (400, "SignatureDoesNotMatch")
    assert code(platform, parameters(platform))[0] == 200


def test_other_methods_than_get_and_post_are_refused(platform: Platform) -> None:
    sent = get(parameters(platform), method="PUT")
    assert exchange(platform, sent)[0] == 405


@pytest.mark.parametrize("body", [b"\xff", b"a=" + b"x" * (16 << 20)])
def test_body_that_is_not_form_is_refused(platform: Platform, body: bytes) -> None:
    head = (
        "POST / HTTP/1.1\r\nHost: iot.example\r\nAccept: application/json\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    status, _, answer = exchange(platform, head.encode() + body)
    assert (status, json.loads(answer)["Code"]) == (400, "InvalidParameter")
    assert platform.expect("api_refused").reason.startswith("InvalidParameter: ")


def signed_headers(platform: Platform, body: bytes, signed: str, **changes: str) -> dict[str, str]:
    """Return the headers of a BatchCheckDeviceNames signed by ACS3; `signed` lists the names."""
    headers = {
        "accept": "application/json",
        "content-type": "application/x-www-form-urlencoded",
        "host": "iot.example",
        "x-acs-action": "BatchCheckDeviceNames",
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        "x-acs-date": NOW,
        "x-acs-signature-nonce": "n3",
        "x-acs-version": "2018-01-20",
    }
    names = sorted(signed.split(";"))
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    request = (
        f"POST\n/\nProductKey={PK}\n{lines}\n{';'.join(names)}\n{headers['x-acs-content-sha256']}"
    )
    content = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    made = hmac.new(platform.access_key.secret.encode(), content.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={platform.access_key.id},"
        f"SignedHeaders={';'.join(names)},Signature={made}"
    )
    return headers | changes


ALL = (
    "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;"
    "x-acs-version"
)
BODY = b"DeviceName.1=dev-1"


@pytest.mark.parametrize(
    ("signed", "changes", "body", "expected"),
    [
        (ALL, {}, BODY, (200, "")),
        (ALL, {}, b"DeviceName.1=dev-2", (400, "SignatureDoesNotMatch")),
        (ALL, {"x-acs-date": "2026-11-23T18:00:01Z"}, BODY, (400, "SignatureDoesNotMatch")),
        (ALL, {"x-acs-extra": "unsigned"}, BODY, (400, "SignatureDoesNotMatch")),
        (ALL.replace("host;", ""), {}, BODY, (400, "SignatureDoesNotMatch")),
        (ALL.replace("x-acs-date;", ""), {}, BODY, (400, "SignatureDoesNotMatch")),
        (ALL, {"x-acs-date": ""}, BODY, (400, "Missingx-acs-date")),
        (ALL, {"authorization": "ACS3-HMAC-SHA256 Nothing"}, BODY, (400, "IncompleteSignature")),
        (
            ALL,
            {"authorization": "ACS3-RSA-SHA256 Credential=a,SignedHeaders=b,Signature=0"},
            BODY,
            (400, "InvalidSignatureMethod"),
        ),
    ],
)
def test_headers_and_body_are_what_acs3_signs(
    platform: Platform,
    signed: str,
    changes: dict[str, str],
    body: bytes,
    expected: tuple[int, str],
) -> None:
    platform.console.create_product(key=PK)
    headers = signed_headers(platform, BODY, signed, **changes)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    sent = f"POST /?ProductKey={PK} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n"
    status, _, answer = exchange(platform, sent.encode() + body)
    assert (status, json.loads(answer)["Code"]) == expected


# Through the vendor's client


@pytest.mark.parametrize("algorithm", ["", "v2"])
@pytest.mark.parametrize("protocol", ["http", "https"])
def test_client_works_with_each_protocol_and_algorithm(
    cloud: Platform, ask: Ask, protocol: str, algorithm: str
) -> None:
    cloud.console.create_product(key=PK)
    through = client(
        cloud,
        protocol=protocol,
        host="localhost",
        ca=str(cloud.ca_pem),
        signature_algorithm=algorithm or None,
    )
    names = [f"dev@{number}:~*()'!" for number in range(3)]
    body = asking(through)("BatchCheckDeviceNames", product_key=PK, device_name=names)
    assert body["Data"]["InvalidDeviceNameList"]["InvalidDeviceName"] == names
    made = asking(through)(
        "RegisterDevice", product_key=PK, device_name="a@b:c._-", nickname="灯 "
    )
    assert made["Code"] == "iot.device.InvalidFormattedNickname"
    done(
        asking(through)("RegisterDevice", product_key=PK, device_name="a@b:c._-", nickname="灯泡")
    )


def test_the_client_s_asynchronous_half_is_understood(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key=PK)
    request = models.RegisterDeviceRequest(product_key=PK, device_name="dev-1")
    answer = asyncio.run(client(cloud).register_device_async(request))
    assert done(answer.body.to_map())["Data"]["DeviceName"] == "dev-1"


def failing(through: Any, request: Any, action: str) -> ClientException:
    with pytest.raises(ClientException) as caught:
        getattr(through, action)(request)
    return caught.value


def test_the_client_raises_what_the_gate_refuses(cloud: Platform, ask: Ask) -> None:
    through = client(cloud, access_key_secret="wrong")
    error = failing(through, models.RegisterDeviceRequest(product_key=PK), "register_device")
    assert (error.status_code, error.code) == (400, "SignatureDoesNotMatch")
    error = failing(client(cloud), models.ListRuleRequest(), "list_rule")
    assert (error.status_code, error.code) == (404, "InvalidAction.NotFound")


def test_action_is_throttled_at_the_documented_rate(
    cloud: Platform, ask: Ask, clock: ManualClock
) -> None:
    cloud.console.create_product(key=PK)
    topic = f"/broadcast/{PK}/news"
    request = models.PubBroadcastRequest(
        product_key=PK, topic_full_name=topic, message_content="aGk="
    )
    through = client(cloud)
    through.pub_broadcast(request)
    error = failing(through, request, "pub_broadcast")
    assert (error.status_code, error.code) == (400, "Throttling.User")
    assert "PubBroadcast is called more than 1 times" in cloud.expect("api_refused").reason
    clock.advance(1)
    through.pub_broadcast(request)


def test_broadcast_without_topic_works_once_per_minute(
    cloud: Platform, ask: Ask, clock: ManualClock
) -> None:
    cloud.console.create_product(key=PK)
    request = models.PubBroadcastRequest(product_key=PK, message_content="aGk=")
    through = client(cloud)
    through.pub_broadcast(request)
    clock.advance(59)
    assert failing(through, request, "pub_broadcast").code == "Throttling.User"
    clock.advance(1)
    through.pub_broadcast(request)


def test_rates_can_be_switched_off(make_platform: Any, ask: Ask) -> None:
    platform = make_platform(
        clock=ManualClock(), settings=Settings(api_seconds=0, api_rates="off")
    )
    platform.console.create_product(key=PK)
    for _ in range(3):
        done(asking(client(platform))("PubBroadcast", product_key=PK, message_content="aGk="))


def test_every_call_is_logged_without_its_secrets(cloud: Platform, ask: Ask) -> None:
    cloud.console.create_product(key=PK)
    done(ask("RegisterDevice", product_key=PK, device_name="dev-1"))
    ask("QueryDeviceDetail", product_key=PK, device_name="dev-2")
    called, refused = cloud.expect("api_called"), cloud.expect("api_refused")
    who = {"access_key_id": cloud.access_key.id}
    assert (called.device_name, called.detail) == ("dev-1", {"action": "RegisterDevice", **who})
    assert (refused.device_name, refused.detail) == (
        "dev-2",
        {"action": "QueryDeviceDetail", **who},
    )
    assert refused.reason.startswith("iot.device.NotExistedDevice: ")
    done(ask("QueryDeviceDetail", iot_id=cloud.console.device(PK, "dev-1").iot_id))
    topic = f"/{PK}/dev-1/user/get"
    done(ask("Pub", product_key=PK, topic_full_name=topic, message_content="aGk="))
    found = cloud.events(PK, "dev-1", kind="api_called")
    actions = [event.detail["action"] for event in found]
    assert actions == ["RegisterDevice", "QueryDeviceDetail", "Pub"]
    log = json.dumps([event.as_json() for event in cloud.events()])
    for secret in (cloud.access_key.secret, cloud.console.device(PK, "dev-1").secret):
        assert secret not in log
