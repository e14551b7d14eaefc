"""Files of update packages that are cut on their way, or come spoilt."""

from __future__ import annotations

import pytest

from alink_sim.platform import Fault
from tests.platform.downloads import fetch
from tests.platform.online import Online, online
from tests.platform.ota_messages import DATA, DN, PK, pushed

__all__ = ["online"]


@pytest.fixture
def url(online: Online) -> str:
    online.platform.ota.publish(PK, "2.0.0", DATA * 100)
    found: str = pushed(online.wire)["url"]
    return found


@pytest.mark.parametrize("at", [0, 1, 4096, 300_000])
def test_device_fetches_rest_of_cut_file(online: Online, url: str, at: int) -> None:
    online.platform.faults.add(Fault.cut_file(at=at), device=DN, times=1)
    head, body = fetch(online.platform, url)
    assert b"\r\nContent-Length: 1024000\r\n" in head
    assert body == (DATA * 100)[:at]
    fault = online.platform.expect("fault", device_name=DN)
    assert (fault.detail["fault"], fault.detail["on"]) == ("cut_file", "file")
    assert body + fetch(online.platform, url, f"Range: bytes={at}-")[1] == DATA * 100


def test_fault_corrupts_the_file(online: Online, url: str) -> None:
    online.platform.faults.add(Fault.spoil_file(at=9), product=PK, connection=2)
    assert fetch(online.platform, url)[1] == DATA * 100
    part = fetch(online.platform, url, "Range: bytes=256-511")[1]
    assert part == DATA[:9] + b"\xf6" + DATA[10:256]
    assert fetch(online.platform, url)[1] == DATA * 100


def test_file_fault_counts_only_its_device(online: Online, url: str) -> None:
    online.platform.faults.add(Fault.cut_file(), device="dev-2")
    online.platform.faults.add(Fault.cut_file(at=5), device=DN, connection=1)
    again = Online(online.platform, online.party)
    with again.wire:
        pushed(again.wire)
        assert not online.platform.events(kind="fault")
    assert fetch(online.platform, url)[1] == DATA[:5]
