"""The catalogs of translations: complete, without leftovers, and safe to fill in.

A new message of the platform needs its entry in `tools/alink_texts/zh_CN.platform.po`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import alink_texts
from alink_sim.platform.console.pages.faults import effect
from alink_sim.platform.faults.fault import KINDS
from tests.setup import line_sentences, platform_sentences

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
def test_every_sentence_of_the_line_is_translated(language):
    sentences = line_sentences.sentences()
    assert len(sentences) > 500
    assert sentences - translated(language, "line") == set()


@pytest.mark.parametrize("language", OTHERS)
def test_catalogs_have_no_text_that_the_code_lacks(language):
    in_tools = {text for _, _, text, _, _ in extract_from_dir(TOOLS, METHODS, keywords=KEYWORDS)}
    assert translated(language) - source_texts() - in_tools == set()
    spoken = translated(language, "platform")
    assert spoken - platform_sentences.texts() - platform_sentences.NOT_IN_SOURCE == set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("domain", ["", "platform", "line"])
def test_translation_has_the_same_placeholders(language, domain):
    placeholder = re.compile(r"%\(\w+\)s|\{\d(?=:t\}|\})")
    wrong = [
        text
        for text, one in catalog(language, domain).items()
        if sorted(placeholder.findall(text)) != sorted(placeholder.findall(one.string))
    ]
    assert wrong == []
