"""The catalog of translations: complete, without leftovers, and safe to fill in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from playwright.sync_api import expect

import alink_texts
from tests.console.world import PK, SENSOR

CONSOLE = Path(__file__).parents[2] / "host_sim" / "alink_sim" / "platform" / "console"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OTHERS = [one for one in alink_texts.LANGUAGES if one != "en"]


def source_texts():
    found = extract_from_dir(CONSOLE, METHODS, keywords={"_": None, "words": None})
    return {message for _, _, message, _, _ in found}


def catalog(language):
    with alink_texts.catalog_file(language).open("rb") as file:
        return {one.id: one for one in read_po(file, locale=language) if one.id}


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_console_is_translated(language):
    texts = source_texts()
    assert len(texts) > 300
    done = {text for text, one in catalog(language).items() if one.string and not one.fuzzy}
    assert texts - done == set()


@pytest.mark.parametrize("language", OTHERS)
def test_translation_has_the_same_placeholders(language):
    placeholder = re.compile(r"%\(\w+\)s")
    wrong = [
        text
        for text, one in catalog(language).items()
        if sorted(placeholder.findall(text)) != sorted(placeholder.findall(one.string))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh_CN"), ("de,en;q=0.5", "en"), ("zh-TW", "zh_CN"), ("", "en")],
)
def test_browser_language_picks_the_catalog(accepted, language):
    assert alink_texts.best_language(accepted) == language


def test_console_speaks_chinese_to_a_chinese_browser(open_page):
    page = open_page(f"/devices/{PK}/{SENSOR}", locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator("#state")).to_contain_text("在线")
    expect(page.get_by_role("navigation", name="设备详情")).to_contain_text("属性")


def test_chosen_language_and_theme_stay(open_page):
    page = open_page("/devices")
    page.get_by_role("button", name="简体中文").click()
    page.get_by_role("button", name="深色").click()
    page.get_by_role("link", name="产品").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Products")
