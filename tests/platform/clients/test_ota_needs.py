"""Needs of clients in the field about OTA that no other test shows.

Shown in tests/platform/ota: the push (test_jobs), ranges (test_files), blocks (test_mqtt).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from alink_sim.platform import Listen, Platform
from tests.platform.http_requests import exchange
from tests.platform.online import Online, online
from tests.platform.ota_messages import DATA, DN, PK, pushed, reported, status
from tests.platform.wire import Party, publish

__all__ = ["online"]

C4_HEAD = (
    "GET {path} HTTP/1.1\r\n"
    "Host: {host}\r\n"
    "Accept: text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8\r\n"
    "Range: bytes=0-\r\n"
    "Content-Length: 0\r\n"
    "\r\n"
)
LINKKIT_HEAD = (
    "GET {path} HTTP/1.1\r\n"
    "Accept-Encoding: identity\r\n"
    "Host: {host}\r\n"
    "User-Agent: Python-urllib/3.11\r\n"
    "Connection: close\r\n"
    "\r\n"
)


def asked(head: str, url: str) -> bytes:
    parts = urlsplit(url)
    return head.format(path=f"{parts.path}?{parts.query}", host=parts.netloc).encode()


@pytest.mark.parametrize(
    ("payload", "module", "version"),
    [
        # iotkit-embedded 3.x, without a request.
        (
            b'{"id":"0","params":{"version":"app-1.0.0-20180101.1000"}}',
            "default",
            "app-1.0.0-20180101.1000",
        ),
        (b'{"id":3, "params":{"version":"1.0.0"}}', "default", "1.0.0"),  # Link SDK for C.
        (b'{"id": 1,"params": {"version":"1.0.0","module": "MCU"}}', "MCU", "1.0.0"),  # Python.
    ],
)
def test_version_report_is_stored_without_reply(
    online: Online, payload: bytes, module: str, version: str
):
    reported(online.wire, publish(f"/ota/device/inform/{PK}/{DN}", payload))
    assert online.platform.ota.versions(PK, DN) == {module: version}


@pytest.mark.parametrize(("method", "digits"), [("SHA256", 64), ("Md5", 32)])
def test_push_has_all_fields_and_lower_case_digest(online: Online, method: str, digits: int):
    online.platform.ota.publish(PK, "2.0.0", DATA, sign_method=method)
    told = pushed(online.wire)
    assert all(told[name] for name in ("version", "url", "size", "sign"))
    assert told["signMethod"] == method
    assert re.fullmatch(f"[0-9a-f]{{{digits}}}", told["sign"])


def test_ota_push_is_compact_json(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    topic = f"/ota/device/upgrade/{PK}/{DN}".encode()
    body = online.wire.read().partition(topic)[2]
    assert body.startswith(b'{"code":"1000","data":{"version":"2.0.0","signMethod":"SHA256",')
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() == body


def test_reply_echoes_the_numeric_id_of_linkkit(online: Online):
    topic = f"/sys/{PK}/{DN}/thing/ota/firmware/get"
    assert online.wire.ask(publish(topic, b'{"id": 4, "params": {}}')) == publish(
        topic + "_reply",
        b'{"code":200,"data":{},"id":4,"message":"success",'
        b'"method":"thing.ota.firmware.get","version":"1.0"}',
    )


def test_c_sdk_gets_206_and_reports_step_0(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    url = pushed(online.wire)["url"]
    head, body = exchange(
        online.platform, asked(C4_HEAD, url), port=online.platform.ota_port, host="localhost"
    )
    assert head.startswith(b"HTTP/1.1 206 Partial Content\r\n")
    assert b"\r\nContent-Range: bytes 0-10239/10240\r\n" in head
    assert b"\r\nContent-Length: 10240\r\n" in head
    assert b"chunked" not in head
    assert max(map(len, head.split(b"\r\n"))) <= 127
    assert hashlib.sha256(body).digest() == hashlib.sha256(DATA).digest()
    step = b'{"id":7, "params":{"step":"0","desc":"","module":"default"}}'
    reported(online.wire, publish(f"/ota/device/progress/{PK}/{DN}", step))
    assert status(online.platform) == ("IN_PROGRESS", 0)


def test_linkkit_gets_the_whole_file_with_its_length(online: Online):
    online.platform.ota.publish(PK, "2.0.0", DATA)
    url = pushed(online.wire)["url"]
    head, body = exchange(
        online.platform, asked(LINKKIT_HEAD, url), port=online.platform.ota_port, host="localhost"
    )
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nContent-Length: 10240\r\n" in head
    assert body == DATA


def test_ota_host_setting_omits_the_port_from_urls(
    make_platform: Callable[..., Platform],
):
    platform = make_platform(listen=Listen(ota_host="localhost"))
    product = platform.console.create_product(key=PK)
    online = Online(platform, Party.of(product, platform.console.add_device(PK, DN)))
    with online.wire:
        platform.ota.publish(PK, "2.0.0", DATA)
        url = pushed(online.wire)["url"]
    assert url.startswith("https://localhost/ota/")
    head, _ = exchange(platform, asked(C4_HEAD, url), port=platform.ota_port, host="localhost")
    assert head.startswith(b"HTTP/1.1 206 Partial Content\r\n")
