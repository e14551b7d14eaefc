"""Files of packages over MQTT: a request for a block, and the very bytes of its answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.platform import Platform, Rules, Settings
from alink_sim.platform.ota.packages import UpgradeError
from alink_sim.platform.topics.checksums import crc16
from tests.platform.online import Online, online
from tests.platform.wire import Party, publish

__all__ = ["online"]

PK, DN = "a1B2c3D4e5F", "esp32-240AC4A1B2C3"
TOPIC = f"/sys/{PK}/{DN}/thing/file/download"
DATA = b"123456789" * 10_000


def ask(online: Online, size: int, offset: int, *, stream: int = 1397346, file: int = 1) -> bytes:
    """Return the answer to a request as the C SDK writes it, stray comma included."""
    payload = (
        '{"id":"1","version":"1.0","params":{"fileToken":"default",'
        f'"fileInfo":{{"streamId":{stream},"fileId":{file},}},'
        f'"fileBlock":{{"size":{size},"offset":{offset}}}}}}}'
    )
    online.wire.send(publish(TOPIC, payload.encode()))
    head, _, body = online.wire.read().partition(f"{TOPIC}_reply".encode())
    assert head[0] == 0x30
    return body


@pytest.fixture
def told(online: Online) -> dict[str, object]:
    """Return the pushed package, for a download over MQTT."""
    online.platform.ota.publish(PK, "2.0.0", DATA, rules=Rules(protocol="MQTT"))
    topic, body, _ = online.wire.read_publish()
    assert topic == f"/ota/device/upgrade/{PK}/{DN}"
    found: dict[str, object] = body["data"]
    return found


def test_push_has_stream_id_instead_of_url(told: dict[str, object]):
    assert told == {
        "version": "2.0.0",
        "signMethod": "SHA256",
        "size": 90000,
        "sign": told["sign"],
        "dProtocol": "mqtt",
        "streamId": 1397346,
        "streamFileId": 1,
    }


@pytest.mark.usefixtures("told")
def test_block_has_length_header_and_crc(online: Online):
    text = (
        b'{"id":"1","code":200,"data":{"fileToken":"default","fileLength":90000,'
        b'"bOffset":9,"bSize":9}}'
    )
    assert ask(online, 9, 9) == b"\x00\x5d" + text + b"123456789" + b"\x3d\xbb"


@pytest.mark.usefixtures("told")
def test_last_block_has_the_remaining_length(online: Online):
    whole = b""
    while len(whole) < len(DATA):
        answer = ask(online, 65536, len(whole))
        start = 2 + int.from_bytes(answer[:2], "big")
        block = answer[start:-2]
        assert f'"bOffset":{len(whole)},"bSize":{len(block)}}}'.encode() in answer[:start]
        assert crc16(block) == int.from_bytes(answer[-2:], "little")
        whole += block
    assert whole == DATA
    event = online.platform.expect("ota_downloaded", via="mqtt", device_name=DN)
    assert (event.detail["first"], event.detail["last"]) == (65536, 89999)


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("size", "offset", "stream", "file", "says"),
    [
        (0, 0, 1397346, 1, b"0 bytes from 0 on: a block has 1 to 131072, the file 90000"),
        (131073, 0, 1397346, 1, b"a block has 1 to 131072"),
        (1, 90000, 1397346, 1, b"1 bytes from 90000 on"),
        (1, -1, 1397346, 1, b"fileBlock.offset is missing, or no number from 0 on"),
        (1, 0, 1397347, 1, b"stream 1397347 is not one of the device"),
        (1, 0, 1397346, 2, b"stream 1397346 has no file 2"),
        (1, 0, 1397346, 0, b"stream 1397346 has no file 0"),
    ],
)
def test_unavailable_block_returns_460(
    online: Online, size: int, offset: int, stream: int, file: int, says: bytes
):
    answer = ask(online, size, offset, stream=stream, file=file)
    length = int.from_bytes(answer[:2], "big")
    assert b'"code":460' in answer[2 : 2 + length]
    assert says in answer[2 : 2 + length]
    assert answer[2 + length :] == b"\x00\x00"
    assert says.decode() in online.platform.expect("ota_download_refused", via="mqtt").reason


@pytest.mark.usefixtures("told")
def test_a_stream_ends_with_its_task(online: Online):
    online.wire.send(publish(f"/ota/device/inform/{PK}/{DN}", b'{"params":{"version":"2.0.0"}}'))
    assert b'"code":460' in ask(online, 1, 0)


def test_the_largest_block_is_a_setting(make_platform: Callable[..., Platform]):
    platform = make_platform(settings=Settings(ota_block_bytes=100))
    product = platform.console.create_product(key=PK)
    online = Online(platform, Party.of(product, platform.console.add_device(PK, DN)))
    with online.wire:
        platform.ota.publish(PK, "2.0.0", DATA, rules=Rules(protocol="MQTT"))
        assert online.wire.read_publish()
        assert b'"bSize":100}' in ask(online, 100, 0)
        assert b"101 bytes from 0 on: a block has 1 to 100" in ask(online, 101, 0)


def test_crc_16_is_that_of_the_catalogue():
    assert crc16(b"123456789") == 0xBB3D
    assert crc16(b"") == 0


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"a.bin": b"a", "b.bin": b"b"}, "2 files, 2 bytes; over MQTT goes one of 16777216"),
        (bytes(16777217), "1 files, 16777217 bytes; over MQTT goes one of 16777216"),
    ],
)
def test_mqtt_job_takes_one_file_within_16_mb(online: Online, data: bytes, says: str):
    with pytest.raises(UpgradeError, match=says):
        online.platform.ota.publish(PK, "2.0.0", data, rules=Rules(protocol="MQTT"))
    with pytest.raises(UpgradeError, match="protocol is 'FTP'; use HTTPS, MQTT"):
        online.platform.ota.publish(PK, "2.0.0", data, rules=Rules(protocol="FTP"))
