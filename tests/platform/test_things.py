"""Property posts: every odd body gets the answer that the SDKs in the field need."""

from __future__ import annotations

import json

import pytest

from alink_sim.platform import things

TOPIC = "/sys/k/dev/thing/event/property/post"


def answer(payload: bytes) -> things.Answer:
    made = things.property_post("k", "dev", TOPIC, payload)
    assert made
    return made


def test_other_topics_are_not_property_posts():
    assert things.property_post("k", "dev", TOPIC.replace("property", "alarm"), b"{}") is None
    assert things.property_post("k", "other", TOPIC, b"{}") is None


@pytest.mark.parametrize(
    "number",
    ['"1"', "1", '"1|exp-topic|/sys/k/dev/thing/event/property/post_reply"', '"00123"', '"ü"'],
)
def test_the_id_comes_back_as_it_came(number):
    made = answer(b'{"id": %s, "params": {}}' % number.encode())
    assert made.reply
    assert b'"id":%s,' % number.encode() in made.reply


def test_the_reply_is_compact_and_its_code_comes_first():
    made = answer(b'{"id":"7","version":"1.0","params":{"a":1}}')
    assert made.reply == (
        b'{"code":200,"data":{},"id":"7","message":"success",'
        b'"method":"thing.event.property.post","version":"1.0"}'
    )
    assert made.topic == TOPIC + "_reply"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"value": 1, "time": 1524448722000}, 1),
        ({"value": 1}, 1),
        ({"value": 1, "unit": "C"}, {"value": 1, "unit": "C"}),
        ({"x": 1}, {"x": 1}),
        (None, None),
    ],
)
def test_a_value_may_carry_its_time(given, value):
    assert answer(json.dumps({"params": {"a": given}}).encode()).values == {"a": value}


@pytest.mark.parametrize(
    ("sys", "replied"), [({"ack": 1}, True), ({"ack": 0}, False), ({}, True), (None, True)]
)
def test_a_reply_can_be_declined(sys, replied):
    made = answer(json.dumps({"params": {}, "sys": sys}).encode())
    assert (made.reply is not None) is replied


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"not JSON",
        b"\xff",
        b"[]",
        b"null",
        b'{"id":"1"}',
        b'{"id":"1","params":[1]}',
        b'{"id":"1","params":null}',
        b"[" * 100_000,
    ],
)
def test_a_body_without_params_is_answered_460(payload):
    made = answer(payload)
    assert made.code == 460
    assert not made.values
    assert made.reply
    assert json.loads(made.reply)["code"] == 460


def test_half_a_surrogate_pair_does_no_harm():
    made = answer(b'{"id":"\\ud800","params":{}}')
    assert made.reply
    assert json.loads(made.reply)["id"] == "?"
