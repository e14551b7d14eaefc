"""Actions on the files of a device, through the vendor's client."""

from __future__ import annotations

import json
import ssl
import urllib.request
from typing import Any

import pytest

from alink_sim.platform import Platform
from alink_sim.platform.topics.checksums import crc16
from tests.platform.api_calls import DN, PK, Ask, done, refused
from tests.platform.wire import Wire, publish
from tests.waiting import PATIENCE

WHO = {"product_key": PK, "device_name": DN}
UPLOAD = f"/sys/{PK}/{DN}/thing/file/upload/mqtt"


def upload(wire: Wire, name: str, content: bytes) -> None:
    """Upload a file in one block."""
    params: dict[str, Any] = {"fileName": name, "fileSize": len(content)}
    wire.send(publish(f"{UPLOAD}/init", json.dumps({"id": "1", "params": params}).encode()))
    begun = wire.read_publish()[1]["data"]["uploadId"]
    params = {"uploadId": begun, "offset": 0, "bSize": len(content)}
    head = json.dumps({"id": "2", "params": params}).encode()
    block = content + crc16(content).to_bytes(2, "little")
    wire.send(publish(f"{UPLOAD}/send", len(head).to_bytes(2) + head + block))
    assert wire.read_publish()[1]["data"]["complete"]


def test_files_of_device_are_listed_had_and_deleted(
    cloud: Platform, online: Wire, ask: Ask
) -> None:
    for name in ("a.log", "b.log", "c.log"):
        upload(online, name, name.encode())
    page = done(ask("QueryDeviceFileList", current_page=1, page_size=2, **WHO))
    assert (page["CurrentPage"], page["PageCount"], page["PageSize"], page["Total"]) == (
        1,
        2,
        2,
        3,
    )
    listed = page["Data"]["FileSummary"]
    assert [(one["Name"], one["Size"]) for one in listed] == [("c.log", "5"), ("b.log", "5")]
    found = done(ask("QueryDeviceFile", file_id=listed[1]["FileId"], **WHO))["Data"]
    assert (found["Name"], found["UtcCreatedOn"]) == ("b.log", listed[1]["UtcCreatedOn"])
    context = ssl.create_default_context(cafile=cloud.ca_pem)
    with urllib.request.urlopen(found["DownloadUrl"], context=context, timeout=PATIENCE) as got:
        assert got.read() == b"b.log"
    done(ask("DeleteDeviceFile", file_id=found["FileId"], **WHO))
    assert [one.name for one in cloud.cloud.files(PK, DN)] == ["a.log", "c.log"]


@pytest.mark.parametrize("action", ["QueryDeviceFile", "DeleteDeviceFile"])
def test_unknown_file_is_refused(online: Wire, ask: Ask, action: str) -> None:
    assert refused(ask(action, file_id="x", **WHO)) == "iot.device.NotExistedFile"
