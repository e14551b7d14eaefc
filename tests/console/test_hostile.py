"""Devices that send HTML, script, control characters, other directions, and far too much."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.console.world import KEEPALIVE
from tests.platform.wire import ACCEPTED, Wire, connect, publish

PK, WILD = "a1Wild0001", "wild-0001"  # Its product has no thing model: it takes anything.
SCRIPT = "<script>window.stolen = 1</script><img src=x onerror='window.stolen = 1'>"
ANSI = "\x1b[31mred\x1b[0m\x07\x00"
RIGHT_TO_LEFT = "\u202egnp.exe\u2066"
LONG = "A" * 262_000
HOSTILE = (SCRIPT, '"><svg onload=window.stolen=1>', "{{ 7*7 }}${7*7}", ANSI, RIGHT_TO_LEFT)


@pytest.fixture(scope="module")
def attacked(world):
    """A world in which a device has put hostile text wherever a device can put text."""
    platform = world.platform
    platform.console.create_product(key=PK, name=SCRIPT)
    device = platform.console.add_device(PK, WILD)
    world.wires[WILD] = wire = Wire.tls(platform)
    assert wire.ask(world.party(device).log_in(keepalive=KEEPALIVE)) == ACCEPTED

    def post(tail: str, params: object) -> None:
        world.post(WILD, tail, params, product_key=PK)

    for number, text in enumerate(HOSTILE):
        post("event/property/post", {f"p{number}": text})
        post(f"event/odd{number}/post", {"value": {text: text}})
        post("deviceinfo/update", [{"attrKey": f"k{number}", "attrValue": text}])
        post("log/post", {"logContent": text, "logLevel": text, "module": text, "utcTime": text})
        wire.send(publish(f"/{PK}/{WILD}/user/{number}", text.encode()))
        shadow = {"method": "update", "state": {"reported": {text: text}}, "version": number + 1}
        wire.send(publish(f"/shadow/update/{PK}/{WILD}", json.dumps(shadow).encode()))
        with Wire.plain(platform) as other:
            other.ask(
                connect(f"{text}|securemode=2,authType=regnwl,random=1|", f"{text}&{PK}", text)
            )
    world.inform(WILD, SCRIPT, PK)
    world.report(WILD, PK, big=LONG)
    return world


PAGES = (
    f"/devices/{PK}/{WILD}",
    *(
        f"/devices/{PK}/{WILD}/{tab}"
        for tab in (
            "properties",
            "events",
            "services",
            "desired",
            "shadow",
            "tags",
            "ota",
            "messages",
            "log",
        )
    ),
    "/events",
    "/boots",
    "/",
    "/devices?q=%3Cscript%3E",
    "/events?device=%22%3E%3Cscript%3Ewindow.stolen%3D1%3C/script%3E",
)


@pytest.mark.parametrize("path", PAGES)
def test_hostile_text_stays_text(attacked, open_page, path):
    page = open_page(path, viewport={"width": 360, "height": 740})
    assert page.evaluate("window.stolen") is None
    assert page.locator("main script, main img, main svg[onload]").count() == 0
    text = page.locator("body").inner_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_hostile_text_stays_text_in_a_translated_reason(attacked, open_page):
    page = open_page("/events?kind=login_refused", locale="zh-CN")
    assert page.evaluate("window.stolen") is None
    assert "\u202e" not in page.locator("body").inner_text()
    assert page.locator("main script, main img, main svg[onload]").count() == 0


def test_long_value_is_cut_and_counted(attacked, open_page):
    page = open_page(f"/devices/{PK}/{WILD}/properties")
    row = page.locator("#values tr", has_text="big")
    expect(row).to_contain_text("(262,000)")
    assert len(row.inner_text()) < 1000


def test_escapes_show_what_a_device_hid(attacked, open_page):
    page = open_page(f"/devices/{PK}/{WILD}/log")
    expect(page.locator("#lines")).to_contain_text(r"\u202egnp.exe")
    expect(page.locator("#lines")).to_contain_text(r"\x1b[31mred")
    expect(page.locator("#lines")).to_contain_text(SCRIPT)


def test_boot_of_a_hostile_name_is_drawn(attacked, open_page):
    page = open_page("/boots")
    page.locator("#list a", has_text="View").first.click()
    expect(page.locator("#legs")).to_contain_text("CONNECT")
    assert page.evaluate("window.stolen") is None
