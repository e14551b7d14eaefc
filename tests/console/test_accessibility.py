"""Every page for a keyboard and a screen reader: axe-core, focus, labels."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.console.pages import MORE, PATHS
from tests.console.world import PK, SENSOR

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
# Each theme, language and width with each of the others.
VIEWS = [
    {"viewport": DESKTOP, "color_scheme": "light", "locale": "en-US"},
    {"viewport": DESKTOP, "color_scheme": "dark", "locale": "zh-CN"},
    {"viewport": PHONE, "color_scheme": "light", "locale": "zh-CN"},
    {"viewport": PHONE, "color_scheme": "dark", "locale": "en-US"},
]


def name_of(view):
    return f"{view['viewport']['width']}-{view['color_scheme']}-{view['locale']}"


def findings(page):
    """Return what axe-core calls serious or critical, with the elements."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical", "moderate")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("view", VIEWS, ids=name_of)
def test_axe_finds_nothing_serious(open_page, full, view):
    page = open_page("/", **view)
    wrong = []
    for path in (*PATHS, *MORE):
        page.goto(full.url(path))
        wrong += [f"{path}: {one}" for one in findings(page)]
    assert wrong == []


def test_open_dialog_passes_axe(open_page):
    page = open_page("/products")
    page.get_by_role("button", name="Create product").first.click()
    assert findings(page) == []


def test_page_before_the_door_passes_axe(open_page, world):
    page = open_page("/")
    page.context.clear_cookies()
    page.goto(world.url("/"))
    assert findings(page) == []


def test_keyboard_reaches_a_page_through_the_menu(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")


def test_dialog_opens_and_closes_by_keyboard(open_page):
    page = open_page("/products")
    button = page.get_by_role("button", name="Create product").first
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Product name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(button).to_be_focused()


def test_plot_tells_a_screen_reader_its_numbers(open_page):
    page = open_page(f"/devices/{PK}/{SENSOR}/properties")
    assert page.get_by_role("img", name="temperature. temperature: 22°C (20 to 23)").count() == 1


def test_current_tab_is_in_view_on_a_phone(open_page):
    page = open_page(f"/devices/{PK}/{SENSOR}/log", viewport=PHONE)
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)
