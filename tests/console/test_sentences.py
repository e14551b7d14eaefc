"""Sentences of the platform in another language: words translated, values as they were."""

from __future__ import annotations

import pytest

from alink_sim.platform.console.templates import said
from alink_texts.sentences import Part, Sentences, sentences

CATALOG = {
    "more than {0} messages {1} in a second": "一秒内 {1:t} 消息超过 {0} 条",
    "at QoS 0": "QoS 0",
    "{0} is {1}: use {2}": "{0} 为 {1}：请使用 {2}",
    "the value is {0}": "值为 {0}",
    "it is offline": "它不在线",
}
SPOKEN = Sentences(CATALOG)


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("it is offline", "它不在线"),
        ("more than 5 messages at QoS 0 in a second", "一秒内 QoS 0 消息超过 5 条"),
        ("more than 5 messages at noon in a second", "一秒内 at noon 消息超过 5 条"),
        ("the value is 1: use 2", "值为 1: use 2"),
        ("409: it is offline", "409: 它不在线"),
        ("iot.Name: lamp is 1: use 2", "iot.Name: lamp 为 1：请使用 2"),
        ("it is offline: lamp-1", "它不在线：lamp-1"),
        ("it is offline; it is offline", "它不在线；它不在线"),
        ("6306 lamp it is offline", "6306 lamp 它不在线"),
        ("a sentence that the catalog lacks", "a sentence that the catalog lacks"),
    ],
)
def test_sentence_is_translated_around_its_values(text, translated):
    assert SPOKEN.translate(text) == translated


def test_parts_tell_values_from_words():
    parts = SPOKEN.parts("the value is 7")
    assert parts == (Part("值为 ", is_value=False), Part("7", is_value=True))


def test_braces_of_a_value_are_not_fields():
    assert SPOKEN.translate("the value is {0} {1:t}") == "值为 {0} {1:t}"


def test_very_long_text_stays_as_it_is():
    assert SPOKEN.parts("the value is " + "x" * 10_000) is None


def test_values_of_a_sentence_are_escaped_and_isolated():
    shown = said("no right to topic <script>\u202e", spoken=sentences("zh_CN"))
    assert shown == r"<span>没有 Topic <bdi>&lt;script&gt;\u202e</bdi> 的权限</span>"


def test_unknown_sentence_says_that_it_is_english():
    assert said("quite <new>", spoken=SPOKEN) == (
        '<span lang="en"><bdi>quite &lt;new&gt;</bdi></span>'
    )
