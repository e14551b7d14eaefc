"""Files of packages over HTTPS, as from OSS: ranges, URLs that die, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from alink_sim.clock import ManualClock
from alink_sim.platform import Platform, Settings
from tests.platform.downloads import fetch
from tests.platform.online import Online, online
from tests.platform.ota_messages import DATA, DN, PK, pushed
from tests.platform.wire import Party

__all__ = ["online"]


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
def test_range_beyond_the_file_returns_all_of_it(online: Online, url: str, wanted: str):
    head, body = fetch(online.platform, url, f"Range: {wanted}")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Range" not in head
    assert body == DATA


def test_http_1_0_is_supported(online: Online, url: str):
    head, body = fetch(online.platform, url, "Range: bytes=1-", version="1.0")
    assert head.startswith(b"HTTP/1.0 206 Partial Content\r\n")
    assert b"\r\nContent-Length: 10239\r\n" in head
    assert body == DATA[1:]


def test_url_expires_after_24_hours(online: Online, url: str, clock: ManualClock):
    clock.advance(86400)
    assert fetch(online.platform, url)[0].startswith(b"HTTP/1.1 200 OK\r\n")
    clock.advance(1)
    head, body = fetch(online.platform, url)
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert b"\r\nContent-Type: application/xml" in head
    assert b"<Code>AccessDenied</Code>" in body
    assert b"<Message>Request has expired.</Message>" in body


def test_setting_chooses_lifetime_of_url(
    make_platform: Callable[..., Platform], clock: ManualClock
):
    platform = make_platform(clock=clock, settings=Settings(ota_url_seconds=60))
    product = platform.console.create_product(key=PK)
    online = Online(platform, Party.of(product, platform.console.add_device(PK, DN)))
    with online.wire:
        platform.ota.publish(PK, "2.0.0", DATA)
        url = pushed(online.wire)["url"]
    clock.advance(60)
    assert fetch(platform, url)[0].startswith(b"HTTP/1.1 200 OK\r\n")
    clock.advance(1)
    assert fetch(platform, url)[0].startswith(b"HTTP/1.1 403 Forbidden\r\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Signature=", "Signature=x"),
        ("Signature=", "Signature=%C3%A9"),
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


def test_url_of_get_is_refused_for_head(online: Online, url: str):
    head, body = fetch(online.platform, url, method="HEAD")
    assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert body == b""


def test_device_log_hides_the_signature_of_url(online: Online, url: str):
    line = f'{{"id":"1","params":[{{"logContent":"fetches {url} now"}}]}}'
    online.ask("thing/log/post", line.encode())
    told = online.platform.expect("device_log").detail["content"]
    assert told.startswith("fetches https://localhost")
    assert "Signature=***&security-token=" in told


def test_no_event_shows_a_signature(online: Online, url: str):
    fetch(online.platform, url)
    fetch(online.platform, url.replace("Expires=1", "Expires=9"))
    signature = url.partition("Signature=")[2].partition("&")[0]
    assert len(signature) > 27
    shown = repr([event.as_json() for event in online.platform.events()])
    assert signature not in shown
    assert "Signature=" not in shown
