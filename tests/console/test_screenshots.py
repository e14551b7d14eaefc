"""A picture of every page, for a person to look at; no page is wider than its window.

The pictures go to the folder that ALINK_SCREENSHOTS names, then in every language, theme and
width; without it to a temporary folder, each page in two of these views.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page

from alink_sim.platform import Listen, Platform
from tests.console.browser import new_context
from tests.console.pages import MORE, PATHS
from tests.console.world import PK

FOLDER = "ALINK_SCREENSHOTS"
WIDTHS = {"desktop": (1280, 800), "phone": (360, 740)}
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
ALL_VIEWS = tuple(itertools.product(WIDTHS, LANGUAGES, ("light", "dark")))
TWO_VIEWS = (("desktop", "en", "light"), ("phone", "zh", "dark"))
VIEWS = ALL_VIEWS if os.environ.get(FOLDER) else TWO_VIEWS

EMPTY = ("/", "/products", "/devices", "/boots", "/ota", "/faults", "/events")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    named = os.environ.get(FOLDER)
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def empty(ca: Path) -> Iterator[Platform]:
    with Platform(ca=ca, listen=Listen(console_port=0)) as platform:
        yield platform


def shoot(browser: Browser, url: str, pages: dict[str, str], view, folder: Path) -> list[str]:
    """Write a picture of each page; return the pages that are wider than the window."""
    width, language, theme = view
    wide, high = WIDTHS[width]
    context = new_context(
        browser,
        locale=LANGUAGES[language],
        color_scheme=theme,
        viewport={"width": wide, "height": high},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(url)
    too_wide = []
    for name, address in pages.items():
        page.goto(address)
        if page.evaluate("document.documentElement.scrollWidth") > wide:
            too_wide.append(name)
        picture(page, folder / f"{name}-{width}-{language}-{theme}.png", full_page=True)
    context.close()
    return too_wide


def picture(page: Page, path: Path, *, full_page: bool = False) -> None:
    """Save a picture; Chromium cannot take one while it lays the page out again."""
    for last in (False, False, False, True):
        try:
            page.screenshot(path=path, full_page=full_page)
        except Error as error:
            if last or "Unable to capture screenshot" not in str(error):
                raise
        else:
            return


def name_of(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"


@pytest.mark.parametrize("view", VIEWS, ids="-".join)
def test_every_page_fits_its_window(browser, full, folder, view):
    pages = {name_of(path): full.url(path) for path in (*PATHS, *MORE)}
    assert shoot(browser, full.console.url, pages, view, folder) == []


@pytest.mark.parametrize("view", TWO_VIEWS, ids="-".join)
def test_every_empty_page_fits_its_window(browser, empty, folder, view):
    base = f"http://127.0.0.1:{empty.console_port}"
    pages = {f"empty-{name_of(path)}": base + path for path in EMPTY}
    assert shoot(browser, empty.console_url, pages, view, folder) == []


@pytest.mark.parametrize("view", TWO_VIEWS, ids="-".join)
def test_dialogs_and_the_message_fit_their_window(browser, full, folder, view):
    width, language, theme = view
    wide, high = WIDTHS[width]
    context = new_context(
        browser,
        locale=LANGUAGES[language],
        color_scheme=theme,
        viewport={"width": wide, "height": high},
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(full.url("/"))
    picture(page, folder / f"closed-{width}-{language}-{theme}.png")
    page.goto(full.console.url)
    page.goto(full.url(f"/products/{PK}"))
    page.get_by_role("switch").click()
    picture(page, folder / f"verify-{width}-{language}-{theme}.png")
    page.goto(full.url("/products"))
    page.locator("[data-opens=create]").first.click()
    picture(page, folder / f"create-{width}-{language}-{theme}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    context.close()
