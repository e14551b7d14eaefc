"""Pages that follow the platform without a reload."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.world import KEEPALIVE, PK, QUIET, SENSOR
from tests.platform.wire import ACCEPTED, Party, Wire


def watched(page):
    """Return a page whose stream of events is open, so that it misses nothing from here on."""
    expect(page.locator("body[data-connected]")).to_be_attached()
    page.evaluate("window.stays = true")
    return page


def test_state_of_a_device_changes_without_reload(open_page, world):
    page = watched(open_page(f"/devices/{PK}/{QUIET}"))
    expect(page.locator("#state")).to_contain_text("Inactive")
    quiet = world.party(world.platform.console.device(PK, QUIET))
    with Wire.tls(world.platform) as wire:
        assert wire.ask(quiet.log_in(keepalive=KEEPALIVE)) == ACCEPTED
        expect(page.locator("#state")).to_contain_text("Online")
    expect(page.locator("#state")).to_contain_text("Offline")
    expect(page.locator("#history")).to_contain_text("offline")
    assert page.evaluate("window.stays")


def test_property_value_and_plot_follow_the_device(open_page, world):
    page = watched(open_page(f"/devices/{PK}/{SENSOR}/properties"))
    world.report(SENSOR, temperature=77.25)
    expect(page.locator("#values tr", has_text="temperature")).to_contain_text("77.25")
    chart = page.locator("#plots svg").first
    assert "77.2" in (chart.get_attribute("aria-label") or "")
    assert page.evaluate("window.stays")


def test_typed_text_survives_a_change(open_page, world):
    page = watched(open_page(f"/devices/{PK}/{SENSOR}/properties"))
    field = page.get_by_role("spinbutton", name="target")
    field.fill("12.5")
    looked = int(page.locator("body").get_attribute("data-looked") or 0)
    world.report(SENSOR, temperature=33)
    page.wait_for_function("n => Number(document.body.dataset.looked || 0) > n", arg=looked)
    expect(field).to_have_value("12.5")
    expect(field).to_be_focused()


def test_new_device_appears_in_the_list(open_page, world):
    page = watched(open_page("/devices"))
    world.register("newcomer-0001")
    expect(page.locator("#list")).to_contain_text("newcomer-0001")
    assert page.evaluate("window.stays")


def test_overview_counts_refusals(open_page, world):
    page = watched(open_page("/"))
    with Wire.tls(world.platform) as wire:
        wire.ask(Party(world.product, "liar-0001").register("regnwl", secret="wrong"))
    expect(page.locator("#refusals")).to_contain_text("liar-0001")
    expect(page.locator("#plots")).to_contain_text("the signature does not fit the ProductSecret")
