"""The catalog of messages: every message of the source, each with a cause and a cure, fresh."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

from alink_sim.platform.state.refusal import Code
from docs._ext import errors, messages
from docs._ext.languages import LANGUAGES

PAGES = ("docs/reference/errors.md", "docs/zh-CN/reference/errors.md")


@pytest.mark.parametrize("part", messages.PARTS)
def test_every_message_has_cause_and_cure(part: str):
    found = messages.messages(part)
    assert len(found) > 150
    assert [f"{one.module}: {one.text}" for one in found if not errors.group_of(one, part)] == []


def test_every_pattern_of_catalog_has_messages():
    unused = [
        (group.title["en"], pattern)
        for group in errors.groups()
        for pattern in group.modules
        if not any(
            fnmatch(one.module, pattern) and errors.group_of(one, group.part) is group
            for one in messages.messages(group.part)
        )
    ]
    assert unused == []


def test_every_code_of_platform_has_an_entry():
    assert set(errors.codes()) == {code.name for code in Code}


def test_every_text_has_all_languages():
    texts = [text for one in errors.groups() for text in (one.title, one.cause, one.cure)]
    texts += [text for one in errors.codes().values() for text in one.values()]
    assert [text for text in texts if set(text) != set(LANGUAGES) or not all(text.values())] == []


def test_pages_describe_every_part():
    root = Path(__file__).resolve().parents[2]
    for page in PAGES:
        text = (root / page).read_text(encoding="utf-8")
        assert [
            part for part in (*messages.PARTS, "codes") if f"{{errors}} {part}" not in text
        ] == []


def test_messages_and_advice_are_shown_in_chinese():
    text = errors.describe("platform", "zh-CN")
    assert "`device is disabled`<br>设备已禁用 | `RefusedError` 6204" in text
    text = errors.describe("line", "zh-CN")
    assert "`the board did not respond`<br>板子没有应答 | `BoardError` | 请检查线缆" in text


def test_advice_of_line_is_shown():
    text = errors.describe("line", "en")
    assert "| `the board did not respond` | `BoardError` | Check the cable, close" in text


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ('raise ValueError("size is %d of %s" % (1, x))', ["size is … of …"]),
        ('raise ValueError(f"size is {size!r} bytes")', ["size is … bytes"]),
        ('raise LostError("first text" if x else "second text")', ["first text", "second text"]),
        ('TEXT = "a longer text"\nself._log(TEXT)', ["a longer text"]),
        ('log("update failed: " + text)', ["update failed: …"]),
        ('raise RefusedError(7, "the reason of it")', ["the reason of it"]),
        ('wrong.append(f"line {n}: the name is missing")', ["line …: the name is missing"]),
        ('def f():\n    return "the name is taken already"', ["the name is taken already"]),
        ('def f():\n    return "a name"', []),
        ('print("no message at all")', []),
        ("raise ValueError(str(error))", []),
    ],
)
def test_messages_are_read_from_source(code: str, texts: list[str]):
    assert [one.text for one in messages.in_module(code, "module.py")] == texts


def test_message_carries_code_and_advice():
    code = 'raise BoardError("read", "the board is silent", advice="Plug it in again.")'
    (one,) = messages.in_module(code, "module.py")
    assert (one.error, one.advice) == ("BoardError", "Plug it in again.")
    (one,) = messages.in_module('RefusedError(Code.DISABLED, "device is off")', "module.py")
    assert one.code == "DISABLED"
