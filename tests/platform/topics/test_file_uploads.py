"""Files of a device over MQTT: every documented code, and what the cloud gets of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alink_sim.platform import Platform, RegistryError
from alink_sim.platform.topics.checksums import crc16, crc64
from tests.platform.online import Online, online
from tests.platform.wire import Party

__all__ = ["online"]

CONTENT = bytes(range(256)) * 3
UPLOAD = "thing/file/upload/mqtt/"


def init(online: Online, **params: Any) -> dict[str, Any]:
    given = {"fileName": "log.txt", "fileSize": len(CONTENT), **params}
    body = json.dumps({"id": "1", "params": given}).encode()
    reply: dict[str, Any] = json.loads(online.ask(f"{UPLOAD}init", body))
    assert reply["data"]["fileName"] == str(given["fileName"])
    return reply


def begun(online: Online, **params: Any) -> str:
    reply = init(online, **params)
    assert reply["code"] == 200
    return str(reply["data"]["uploadId"])


def block(head: Any, data: bytes, *, crc: int | None = None) -> bytes:
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    check = crc16(data) if crc is None else crc
    return len(text).to_bytes(2, "big") + text + data + check.to_bytes(2, "little")


def send(online: Online, upload: str, offset: int, data: bytes, **more: Any) -> dict[str, Any]:
    params = {"uploadId": upload, "offset": offset, "bSize": len(data), **more}
    payload = block({"id": "2", "params": params}, data)
    reply: dict[str, Any] = json.loads(online.ask(f"{UPLOAD}send", payload))
    return reply


def test_file_of_two_blocks_arrives(online: Online):
    upload = begun(online, ficMode="crc64", ficValue=f"{crc64(CONTENT):016x}")
    first = send(online, upload, 0, CONTENT[:512])
    assert first["data"] == {"uploadId": upload, "offset": 0, "bSize": 512}
    last = send(online, upload, 512, CONTENT[512:])
    assert last["code"] == 200
    assert last["data"] == {
        "uploadId": upload,
        "offset": 512,
        "bSize": 256,
        "complete": True,
        "ficMode": "crc64",
        "ficValueClient": f"{crc64(CONTENT):016x}",
        "ficValueServer": f"{crc64(CONTENT):016X}",
    }
    assert send(online, upload, 512, CONTENT[512:])["code"] == 78124
    cloud, who = online.platform.cloud, (online.party.product.key, online.party.name)
    assert [(one.name, one.size) for one in cloud.files(*who)] == [("log.txt", 768)]
    assert cloud.file(*who, "log.txt") == CONTENT
    assert online.platform.expect("file_uploaded", timeout=0).detail["size"] == 768
    cloud.remove_file(*who, "log.txt")
    with pytest.raises(RegistryError, match="it has none"):
        cloud.file(*who, "log.txt")


def test_crc64_is_that_of_oss():
    assert f"{crc64(b'123456789'):X}" == "995DC9BBDF1939FA"
    assert crc64(CONTENT) == crc64(CONTENT[100:], crc64(CONTENT[:100]))


def test_file_of_unknown_size_ends_when_complete(online: Online):
    upload = begun(online, fileSize=-1)
    assert "complete" not in send(online, upload, 0, CONTENT, isComplete=False)["data"]
    assert send(online, upload, 768, b"", isComplete=True)["data"]["complete"] is True
    assert send(online, begun(online, fileSize=-1), 0, b"", isComplete=True)["code"] == 460


def test_strategies_decide_about_a_file_of_the_name(online: Online):
    upload = begun(online, initUid="u1")
    send(online, upload, 0, CONTENT[:300])
    assert init(online, initUid="u1")["data"]["offset"] == 300
    goes_on = init(online, conflictStrategy="append")["data"]
    assert goes_on == {"fileName": "log.txt", "uploadId": upload, "offset": 300}
    assert init(online, conflictStrategy="reject")["code"] == 78123
    other = begun(online)
    assert send(online, upload, 300, CONTENT[300:])["code"] == 78122
    assert send(online, other, 0, CONTENT)["data"]["complete"] is True
    assert init(online, conflictStrategy="append")["code"] == 78123
    begun(online, conflictStrategy="overwrite")
    assert online.platform.cloud.files(online.party.product.key, online.party.name) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"fileName": "_a"}, 460),
        ({"fileName": "a" * 101}, 460),
        ({"fileName": 1}, 460),
        ({"fileSize": 0}, 460),
        ({"fileSize": True}, 460),
        ({"fileSize": "9"}, 460),
        ({"fileSize": (16 << 20) + 1}, 78117),
        ({"conflictStrategy": "rename"}, 460),
        ({"ficMode": "md5", "ficValue": "0" * 16}, 460),
        ({"ficMode": "crc64"}, 460),
        ({"ficMode": "crc64", "ficValue": "xyz"}, 460),
        ({"fileSize": -1, "ficMode": "crc64", "ficValue": "0" * 16}, 460),
    ],
)
def test_malformed_upload_is_refused(online: Online, params: dict[str, Any], code: int):
    assert init(online, **params)["code"] == code


def test_each_damaged_block_has_its_code(online: Online):
    upload = begun(online, fileSize=200_000)
    data = CONTENT[:300]
    named = {"uploadId": upload, "offset": 0, "bSize": 300}
    head = {"id": "2", "params": named}
    topic = f"{UPLOAD}send"

    def code(payload: bytes) -> int:
        return int(json.loads(online.ask(topic, payload))["code"])

    assert code(b"") == 400
    assert code(b"\xff\xff{}") == 400
    assert code(block(b"{", data)) == 400
    assert code(block(head, data, crc=1)) == 78121
    assert code(block({"params": {**named, "block": "x"}}, data, crc=1)) == 78121
    assert send(online, upload, 0, data, bSize=299)["code"] == 460
    assert send(online, upload, -1, data)["code"] == 460
    assert send(online, upload, 5, data)["code"] == 78119
    assert send(online, upload, 0, data[:255])["code"] == 78120
    assert send(online, upload, 0, bytes((128 << 10) + 1))["code"] == 78118
    assert send(online, upload, 0, data)["code"] == 200
    assert send(online, upload, 0, data)["code"] == 78126
    assert send(online, "nothing", 0, data)["code"] == 78122
    assert send(online, begun(online, fileSize=299), 0, data)["code"] == 78117


def test_file_with_another_crc64_is_forgotten(online: Online):
    upload = begun(online, ficMode="crc64", ficValue="0" * 16)
    assert send(online, upload, 0, CONTENT)["code"] == 78125
    assert send(online, upload, 0, CONTENT)["code"] == 78122
    assert online.platform.cloud.files(online.party.product.key, online.party.name) == []


def test_canceled_upload_is_forgotten(online: Online):
    upload = begun(online)
    body = json.dumps({"id": "3", "params": {"uploadId": upload}}).encode()
    assert json.loads(online.ask(f"{UPLOAD}cancel", body))["data"] == {"uploadId": upload}
    assert json.loads(online.ask(f"{UPLOAD}cancel", body))["code"] == 78122
    assert json.loads(online.ask(f"{UPLOAD}cancel", b"{}"))["code"] == 400


def test_device_has_eight_uploads_at_once(online: Online):
    uploads = [begun(online, fileName=f"f{number}") for number in range(9)]
    assert send(online, uploads[0], 0, CONTENT)["code"] == 78122
    assert send(online, uploads[1], 0, CONTENT)["code"] == 200


def test_files_go_with_their_device(platform: Platform, party: Party):
    made = Online(platform, party)
    with made.wire:
        assert send(made, begun(made), 0, CONTENT)["code"] == 200
    who = (party.product.key, party.name)
    platform.console.remove_device(*who)
    platform.console.add_device(*who)
    assert platform.cloud.files(*who) == []
