"""Products and devices as lists, and the filters of a list."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.world import BARRED, PK, QUIET, SENSOR, TWINS


def names(page):
    return page.locator("#list a.name").all_inner_texts()


def test_product_list_shows_state_of_dynamic_registration(open_page):
    page = open_page("/products")
    row = page.locator("#list tbody tr", has_text="Thermostat")
    expect(row).to_contain_text(PK)
    expect(row).to_contain_text("Directly connected device")
    expect(row).to_contain_text("1 security-compromised")


def test_product_page_warns_of_two_client_ids(open_page):
    page = open_page(f"/products/{PK}")
    banner = page.locator("#alert")
    expect(banner).to_contain_text(
        "A device under the current product has two ClientIDs at the same time"
    )
    banner.get_by_role("link", name="View").click()
    assert names(page) == [TWINS]


def test_device_list_filters_by_state(open_page):
    page = open_page("/devices")
    page.get_by_label("State").select_option("Disabled")
    expect(page.locator("#list a.name")).to_have_text([BARRED])


def test_device_list_finds_part_of_a_name(open_page):
    page = open_page("/devices")
    page.get_by_role("searchbox").fill("SPARE")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#list a.name")).to_have_text([QUIET])
    page.get_by_role("searchbox").fill("nothing")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#list")).to_contain_text("No device matches")


def test_device_list_is_paged_on_the_server(open_page, world):
    world.platform.console.create_product(key="a1Paged0001", name="Many")
    for number in range(45):
        world.platform.console.add_device("a1Paged0001", f"paged-{number:04}")
    page = open_page("/devices?product=a1Paged0001&size=20")
    assert names(page)[0] == "paged-0044"
    assert len(names(page)) == 20
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#list")).to_contain_text("page 2 of 3")
    assert names(page)[0] == "paged-0024"


def test_device_page_marks_client_id_of_current_connection(open_page, world):
    page = open_page(f"/devices/{PK}/{TWINS}")
    for client_id in world.client_ids:
        row = page.locator("#client-ids tr", has_text=client_id)
        expect(row).to_contain_text("Current connection")
        first = world.platform.console.device(PK, TWINS).client_ids[0].first_connected
        assert first is not None
        assert row.locator("time").count() == 2


def test_log_service_is_filtered_by_client_id(open_page, world):
    page = open_page(f"/devices/{PK}/{TWINS}")
    mine, other = world.client_ids
    page.locator("#client-ids tr", has_text=mine).get_by_role("link", name="Log Service").click()
    expect(page.locator("#list")).to_contain_text("online")
    assert other not in page.locator("#list").inner_text()


def test_event_log_shows_the_true_reason(open_page):
    page = open_page("/events?kind=registration_refused")
    expect(page.locator("#list")).to_contain_text("device is disabled")


def test_device_history_shows_online_event(open_page):
    page = open_page(f"/devices/{PK}/{SENSOR}")
    expect(page.locator("#history")).to_contain_text("online")


def test_unknown_device_is_reported_as_missing(open_page, world):
    page = open_page()
    response = page.goto(world.url(f"/devices/{PK}/no-such-device"))
    assert response.status == 404
    expect(page.locator("main")).to_contain_text("device a1B2c3D4e5F/no-such-device")
