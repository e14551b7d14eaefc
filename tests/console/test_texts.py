"""Languages of the pages: chosen, kept, and spoken in whole sentences."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

import alink_texts
from tests.console.pages import MORE, PATHS
from tests.console.world import PK, SENSOR


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


# Texts of a page that the console says itself: not the data of devices, addresses and codes.
ENGLISH = r"""() => {
  const words = /[A-Za-z]{2,}(?:[ ,;:']+[A-Za-z]{2,})+/;
  const terms = /DeviceName,DeviceSecret|Alink JSON/g;
  const data = "bdi, code, pre, textarea, time, .secret, select[name=product] option";
  const isData = (one) => one.closest(data) && !one.closest("[lang=en]");
  const found = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode())
    if (!isData(walker.currentNode.parentElement)) found.push(walker.currentNode.data);
  for (const one of document.querySelectorAll("[aria-label], [title], [placeholder], [alt]"))
    if (!isData(one))
      for (const name of ["aria-label", "title", "placeholder", "alt", "data-done"])
        found.push(one.getAttribute(name) || "");
  return found.map((text) => text.replace(terms, "").trim()).filter((text) => words.test(text));
}"""


def english(page):
    """Return the English sentences of a page, without the English name of the language."""
    return page.evaluate(ENGLISH)


def test_chinese_pages_have_no_english_sentence(open_page, full):
    page = open_page("/", locale="zh-CN")
    wrong = []
    for path in (*PATHS, *MORE, f"/devices/{PK}/no-such-device"):
        page.goto(full.url(path))
        wrong += [f"{path}: {text}" for text in english(page)]
    assert wrong == []


def test_refused_action_is_explained_in_chinese(open_page):
    page = open_page("/faults", locale="zh-CN")
    page.get_by_label("类型").select_option("refuse")
    page.get_by_label("参数").fill("seconds=3")
    page.get_by_role("button", name="添加故障").click()
    expect(page.locator("main .banner")).to_contain_text("seconds 不是已知的键：可用值：")
