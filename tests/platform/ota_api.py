"""OTA through the cloud API, for tests: uploads as OSS's PostObject, packages, devices online."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from tests.platform.api_calls import DN, PK, Ask, done
from tests.platform.ota_messages import DATA
from tests.platform.wire import ACCEPTED, Party, Served, Wire
from tests.waiting import PATIENCE

_BOUNDARY = "9431149156168"


@pytest.fixture
def cloud(make_platform: Callable[..., Platform], clock: ManualClock) -> Platform:
    """A platform whose clock stands, and that may be called more often than that allows."""
    return make_platform(clock=clock, settings=Settings(api_seconds=0, api_rates="off"))


@pytest.fixture
def online(cloud: Platform) -> Iterator[Wire]:
    """Its device, online, that the clock does not cut for its silence."""
    product = cloud.console.create_product(key=PK, secret="Pr0dSecretAbCdEf")
    party = Party.of(product, cloud.console.add_device(PK, DN))
    with Wire.tls(cloud) as wire:
        assert wire.ask(party.log_in(keepalive=1200)) == ACCEPTED
        yield wire


def post_object(platform: Served, data: dict[str, Any], content: bytes, **changes: str) -> bytes:
    """Upload a file with what GenerateOTAUploadURL has said; return the whole answer."""
    fields = {
        "key": data["Key"],
        "OSSAccessKeyId": data["OSSAccessKeyId"],
        "policy": data["Policy"],
        "Signature": data["Signature"],
        **changes,
    }
    parts = [
        f"--{_BOUNDARY}\r\n"
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    parts.append(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode()
    )
    body = b"".join((*parts, content, f"\r\n--{_BOUNDARY}--\r\n".encode()))
    host = urlsplit(data["Host"])
    head = (
        "POST / HTTP/1.1\r\n"
        f"Host: {host.netloc}\r\n"
        f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    context = ssl.create_default_context(cafile=platform.ca_pem)
    plain = socket.create_connection(("127.0.0.1", host.port or 443), timeout=PATIENCE)
    with context.wrap_socket(plain, server_hostname=host.hostname) as connection:
        connection.sendall(head.encode() + body)
        got = b""
        while part := connection.recv(65536):
            got += part
    return got


def uploaded(platform: Served, ask: Ask, content: bytes = DATA) -> str:
    """Upload a file; return its FirmwareUrl."""
    data = done(ask("GenerateOTAUploadURL"))["Data"]
    assert post_object(platform, data, content).startswith(b"HTTP/1.1 204 No Content\r\n")
    url: str = data["FirmwareUrl"]
    return url


def created(platform: Served, ask: Ask, name: str = "one", **more: Any) -> str:
    """Upload a file and make a package of it, verified unless it says so; return its id."""
    fields = {
        "product_key": PK,
        "dest_version": "2.0.0",
        "firmware_name": name,
        "firmware_url": uploaded(platform, ask),
        "need_to_verify": False,
        **more,
    }
    number: str = done(ask("CreateOTAFirmware", **fields))["Data"]["FirmwareId"]
    return number


def started(ask: Ask, firmware_id: str, **more: Any) -> str:
    """Start a static batch for all devices, unless it says else; return its JobId."""
    fields = {"target_selection": "ALL", **more}
    answer = ask("CreateOTAStaticUpgradeJob", firmware_id=firmware_id, product_key=PK, **fields)
    number: str = done(answer)["Data"]["JobId"]
    return number


def tasks(ask: Ask, job_id: str, **more: Any) -> list[dict[str, Any]]:
    """Return a batch's tasks."""
    answer = done(ask("ListOTATaskByJob", job_id=job_id, page_size=100, current_page=1, **more))
    found: list[dict[str, Any]] = answer["Data"]["SimpleOTATaskInfo"]
    return found


def batch(ask: Ask, job_id: str) -> dict[str, Any]:
    """Return a batch."""
    found: dict[str, Any] = done(ask("QueryOTAJob", job_id=job_id))["Data"]
    return found
