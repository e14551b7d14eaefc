"""First boots as sequence diagrams, plots, and the topology of a gateway."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import urllib.parse
import urllib.request

from playwright.sync_api import expect

from tests.console.world import BARRED, GATEWAY_PK, PK, QUIET, SENSOR, SUB_PK, TWINS
from tests.platform.wire import Party, Wire


def steps(page, leg=0):
    return page.locator("#legs .card").nth(leg).locator(".sequence li").all_inner_texts()[1:]


def test_boot_shows_registration_and_login_in_order(open_page, world):
    page = open_page(f"/boots?device={TWINS}")
    page.get_by_role("link", name=f"View the boot of {TWINS}").last.click()
    registration, login = steps(page, 0), steps(page, 1)
    told = [one for one in registration if "CON" in one or "PUBLISH" in one]
    assert [one.split()[2] for one in told] == ["CONNECT", "CONNACK", "PUBLISH"]
    assert "/ext/regnwl" in told[2]
    assert "TLS connection stands: localhost" in registration[0]
    assert "Connection ended" in registration[-1]
    assert "CONNECT" in login[1]
    expect(page.locator("#legs")).to_contain_text("The platform issued a credential")


def test_boot_shows_no_secret(open_page, world):
    page = open_page(f"/boots?device={TWINS}")
    page.get_by_role("link", name=f"View the boot of {TWINS}").last.click()
    text = page.content()
    device = world.platform.console.device(PK, TWINS)
    for secret in (world.product.secret, device.secret, *(one.token for one in device.client_ids)):
        assert secret not in text
    assert '"deviceToken":"***"' in page.locator("#legs").inner_text().replace(" ", "")


def test_refused_boot_says_why_and_what_to_do(open_page):
    page = open_page(f"/boots?device={BARRED}")
    page.get_by_role("link", name=f"View the boot of {BARRED}").click()
    expect(page.locator(".banner.bad")).to_contain_text("6204: device is disabled")
    expect(page.locator(".banner.bad")).to_contain_text("Enable the device")
    expect(page.locator(".sequence .refused")).to_contain_text("CONNACK 4")


def test_wrong_signature_names_the_product_secret(open_page):
    page = open_page(f"/boots?device={QUIET}")
    page.get_by_role("link", name=f"View the boot of {QUIET}").click()
    expect(page.locator(".banner.bad")).to_contain_text("ProductSecret")


def test_registration_over_https_is_drawn_too(open_page, world):
    content = f"deviceName{SENSOR}productKey{PK}random1"
    sign = hmac.new(world.product.secret.encode(), content.encode(), hashlib.sha256).hexdigest()
    form = {"productKey": PK, "deviceName": SENSOR, "random": "1", "sign": sign}
    data = urllib.parse.urlencode({**form, "signMethod": "hmacsha256"}).encode()
    url = f"https://localhost:{world.platform.https_port}/auth/register/device"
    context = ssl.create_default_context(cafile=world.platform.ca_pem)
    urllib.request.urlopen(url, data, context=context).read()
    page = open_page(f"/boots?device={SENSOR}")
    page.get_by_role("link", name=f"View the boot of {SENSOR}").click()
    expect(page.locator("#legs")).to_contain_text("sign=***")
    expect(page.locator("#legs")).to_contain_text("6289")
    assert sign not in page.content()


def test_fault_on_the_wire_is_in_the_picture(open_page, world):
    from alink_sim.platform import Fault

    world.platform.faults.add(Fault.cut("publish", at=2), device="cut-0001", times=1)
    with Wire.tls(world.platform) as wire:
        wire.ask(Party(world.product, "cut-0001").register("regnwl"))
        wire.read_part()
    page = open_page("/boots?device=cut-0001")
    page.get_by_role("link", name="View the boot of cut-0001").click()
    expect(page.locator("#legs")).to_contain_text("fault")
    assert not any("deviceToken" in one for one in steps(page))


def test_numbers_are_plotted_over_time(open_page):
    page = open_page(f"/devices/{PK}/{SENSOR}/properties")
    chart = page.get_by_role("img", name="temperature. temperature")
    assert "20" in (chart.get_attribute("aria-label") or "")
    points = chart.locator("polyline").get_attribute("points") or ""
    assert len(points.split()) == 40


def test_topology_draws_the_sub_devices_of_a_gateway(open_page, world):
    platform = world.platform
    platform.console.create_product(key=GATEWAY_PK, name="Gateway", node_type=1)
    platform.console.create_product(key=SUB_PK, name="Meter")
    platform.console.add_device(GATEWAY_PK, "gateway-1")
    for number in range(3):
        platform.console.add_device(SUB_PK, f"meter-{number}")
    page = open_page(f"/devices/{GATEWAY_PK}/gateway-1/topology")
    for number in range(3):
        page.get_by_label("Product").select_option(SUB_PK)
        page.get_by_label("DeviceName").fill(f"meter-{number}")
        page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#tree ul ul > li")).to_have_count(3)
    page.get_by_role("button", name="Remove meter-1").click()
    expect(page.locator("#tree")).not_to_contain_text("meter-1")
    sub_devices = platform.cloud.sub_devices(GATEWAY_PK, "gateway-1")
    assert {one.name for one in sub_devices} == {"meter-0", "meter-2"}
