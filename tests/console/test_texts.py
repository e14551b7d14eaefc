"""The catalog of translations: complete, without leftovers, and safe to fill in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from playwright.sync_api import expect

import alink_texts
from alink_sim.platform.console.pages.faults import effect
from alink_sim.platform.faults.fault import KINDS
from tests.console import platform_sentences
from tests.console.pages import MORE, PATHS
from tests.console.world import PK, SENSOR

CONSOLE = Path(__file__).parents[2] / "host_sim" / "alink_sim" / "platform" / "console"
TOOLS = Path(alink_texts.__file__).parents[1]
KEYWORDS = {"_": None, "words": None}
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
OTHERS = [one for one in alink_texts.LANGUAGES if one != "en"]


def source_texts():
    found = extract_from_dir(CONSOLE, METHODS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found} | set(map(effect, KINDS))


def catalog(language, domain=""):
    with alink_texts.catalog_file(language, domain).open("rb") as file:
        return {one.id: one for one in read_po(file, locale=language) if one.id}


def translated(language, domain=""):
    return {
        text for text, one in catalog(language, domain).items() if one.string and not one.fuzzy
    }


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_console_is_translated(language):
    texts = source_texts()
    assert len(texts) > 300
    assert texts - translated(language) == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_platform_is_translated(language):
    sentences = platform_sentences.sentences()
    assert len(sentences) > 400
    assert sentences - translated(language, "platform") == set()


@pytest.mark.parametrize("language", OTHERS)
def test_catalogs_have_no_text_that_the_code_lacks(language):
    in_tools = {text for _, _, text, _, _ in extract_from_dir(TOOLS, METHODS, keywords=KEYWORDS)}
    assert translated(language) - source_texts() - in_tools == set()
    assert translated(language, "platform") - platform_sentences.texts() == set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("domain", ["", "platform"])
def test_translation_has_the_same_placeholders(language, domain):
    placeholder = re.compile(r"%\(\w+\)s|\{\d(?=:t\}|\})")
    wrong = [
        text
        for text, one in catalog(language, domain).items()
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
