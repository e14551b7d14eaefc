"""A stranger's ten questions, in two languages: their words find the page that answers.

The search is that of the site: a page is found if it has every word, or a word that begins with
it; pages with the words in their title and headings come first.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from docs._ext import errors, languages

DOCS = Path(__file__).resolve().parents[2] / "docs"
FIRST = 4  # Results that fit on a screen.

QUESTIONS = [
    ("registration refused CONNACK 4", "reference/errors"),
    ("wrong ProductSecret burned", "how-to/correct-a-certificate"),
    ("test firmware GitHub", "how-to/test-firmware"),
    ("update over the air", "how-to/update-over-the-air"),
    ("gateway sub-devices Modbus", "how-to/gateway"),
    ("offline queue", "how-to/keep-data-offline"),
    ("heap memory ESP32", "explanation/memory"),
    ("install pip extra", "reference/packages"),
    ("board same DeviceName Switch", "how-to/use-the-console"),
    ("flash encryption secure boot", "explanation/security"),
    ("umqtt.simple program", "how-to/keep-your-umqtt-program"),
    ("example project", "how-to/start-from-an-example"),
    ("注册 拒绝 CONNACK 4", "zh-CN/reference/errors"),
    ("ProductSecret 更正", "zh-CN/how-to/correct-a-certificate"),
    ("测试固件 CI", "zh-CN/how-to/test-firmware"),
    ("OTA 升级 回滚", "zh-CN/how-to/update-over-the-air"),
    ("网关 子设备 Modbus", "zh-CN/how-to/gateway"),
    ("离线 排队", "zh-CN/how-to/keep-data-offline"),
    ("产线 烧录 批次", "zh-CN/tutorial/production-line"),
    ("动态注册 开关", "zh-CN/how-to/use-the-console"),
    ("模拟板 引脚 传感器", "zh-CN/how-to/drive-peripherals"),
    ("一型一密 一机一密", "zh-CN/glossary"),
    ("umqtt 程序", "zh-CN/how-to/keep-your-umqtt-program"),
    ("示例 工程", "zh-CN/how-to/start-from-an-example"),
]


@cache
def pages() -> dict[str, tuple[str, str]]:
    """Return the headings and the text of each page, in lower case, by its name."""
    found = {}
    for path in DOCS.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(DOCS).with_suffix("").as_posix()
        language = languages.language_of(name)
        text = re.sub(
            r"^```\{errors\} (\w+)\n```$",
            lambda found: errors.describe(found[1], language),  # noqa: B023  used at once
            text,
            flags=re.MULTILINE,
        ).lower()
        # The first heading is the title: it counts most.
        headings = re.findall(r"^#+ .*$", text, flags=re.MULTILINE)
        found[name] = ("\n".join(headings[:1] * 3 + headings[1:]), text)
    return found


def search(words: str) -> list[str]:
    """Return the pages that have all words, the best first."""
    scores = {}
    for name, (headings, text) in pages().items():
        counts = [len(re.findall(_pattern(word), text)) for word in words.lower().split()]
        if all(counts):
            titles = sum(len(re.findall(_pattern(w), headings)) for w in words.lower().split())
            scores[name] = (titles, 1000 * sum(counts) / len(text))
    return sorted(scores, key=lambda name: scores[name], reverse=True)


def _pattern(word: str) -> str:
    return re.escape(word) if re.search(r"[^\x00-\x7f]", word) else rf"\b{re.escape(word)}"


@pytest.mark.parametrize(("words", "page"), QUESTIONS, ids=[words for words, _ in QUESTIONS])
def test_words_of_question_find_its_page(words: str, page: str):
    assert page in search(words)[:FIRST]


def test_unknown_words_find_no_page():
    assert search("xyzzy board") == []
