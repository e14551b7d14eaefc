"""The vendor's Link SDK for Python, unmodified: an OTA update with its download.

Version 1.2.13 says OTA_PUB_FAILED of every report and question that it does publish: it takes what
paho returns for a number. What counts is that the platform hears it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from alink_sim.platform import Platform, Product, Rules
from tests.interop.linkkit import LinkKit

pytestmark = pytest.mark.interop

NAME = "linkkit-9"
DATA = bytes(range(256)) * 200
OK = "ErrorCode.SUCCESS"
PUSH, ANSWER = 1, 2  # How its callback tells where the news came from.


@pytest.mark.parametrize("method", ["SHA256", "Md5"])
def test_pushed_update_is_downloaded_verified_and_reported(
    platform: Platform, product: Product, tmp_path: Path, method: str
) -> None:
    device = platform.console.add_device(product.key, NAME)
    with LinkKit(platform, product.key, NAME, device_secret=device.secret) as client:
        client.call("thing_setup")
        client.log_in()
        client.call("ota_report_version", None, "1.0.0")
        platform.expect("ota_version", device_name=NAME, version="1.0.0")
        job = platform.ota.publish(product.key, "2.0.0", DATA, sign_method=method)
        kind, version, size, url, sign_method, sign, module, _extra = client.expect(
            "on_ota_message_arrived"
        )
        assert (kind, version, size, sign_method) == (PUSH, "2.0.0", len(DATA), method)
        assert (sign, module) == (hashlib.new(method, DATA).hexdigest(), "default")
        file = tmp_path / "firmware.bin"
        assert client.call("download_ota_firmware", url, str(file), sign_method, sign) == OK
        assert file.read_bytes() == DATA
        downloaded = platform.expect("ota_downloaded", device_name=NAME)
        assert (downloaded.detail["first"], downloaded.detail["last"]) == (0, len(DATA) - 1)
        client.call("ota_report_version", None, "2.0.0")
        platform.expect("ota_task", device_name=NAME, status="SUCCEEDED")
    assert platform.ota.job(job.id).status == "COMPLETED"


def test_queried_module_with_wrong_digest_is_rejected(
    platform: Platform, product: Product, tmp_path: Path
) -> None:
    device = platform.console.add_device(product.key, NAME)
    rules = Rules(need_push=False, tags={"a": "b"})
    platform.ota.publish(product.key, "7", DATA, module="MCU", rules=rules)
    with LinkKit(platform, product.key, NAME, device_secret=device.secret) as client:
        client.call("thing_setup")
        client.log_in()
        client.call("query_ota_firmware", "MCU")
        kind, version, _, url, sign_method, sign, module, extra = client.expect(
            "on_ota_message_arrived"
        )
        assert (kind, version, module, extra) == (ANSWER, "7", "MCU", "{'a': 'b'}")
        wrong = client.call(
            "download_ota_firmware", url, str(tmp_path / "f"), sign_method, sign[::-1]
        )
        assert wrong == "ErrorCode.OTA_DIGEST_MISMATCH"
