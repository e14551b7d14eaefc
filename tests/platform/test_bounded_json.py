"""The one JSON reader: what it takes is JSON, what it refuses has a sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alink_sim.bounded_json import MAX_DEPTH, JsonError, depth, loads, pruned

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | st.sampled_from(['"', "\\", "[[[", '\\"[{']),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + closing * levels


def deepest(value: Any) -> int:
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(deepest, inside), default=0) if isinstance(value, dict | list) else 0


@given(VALUES)
def test_plain_values_come_back_equal(value: Any):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert loads(text) == loads(text.encode()) == value


@given(VALUES)
def test_depth_is_that_of_the_value(value: Any):
    # The flat lists beside the value show that the number of brackets does not count.
    text = json.dumps([value, *[[]] * (MAX_DEPTH + 1)])
    assert depth(text) == max(2, 1 + deepest(value))


@given(VALUES, st.integers(1, 4))
def test_pruned_text_keeps_what_is_not_too_deep(value: Any, most: int):
    def cut(one: Any, left: int) -> Any:
        if not isinstance(one, dict | list):
            return one
        if not left:
            return None
        if isinstance(one, dict):
            return {name: cut(inner, left - 1) for name, inner in one.items()}
        return [cut(inner, left - 1) for inner in one]

    assert json.loads(pruned(json.dumps(value), most)) == cut(value, most)


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 500, 974, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_beyond_the_limit_is_refused(levels: int, opening: str, closing: str):
    text = opening * levels + "1" + closing * levels
    with pytest.raises(JsonError, match=r"nested \d+ levels deep; the limit is 64"):
        loads(text)


def test_nesting_at_the_limit_is_taken():
    assert deepest(loads(nested(MAX_DEPTH))) == MAX_DEPTH
    assert loads(json.dumps("[" * 1000)) == "[" * 1000


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "[Infinity]",
        '{"a":-Infinity}',
        "1e999",
        "-1e400",
        "9" * 309,
        "9" * 5000,
        '"\\ud800"',
        '{"\\uDFFF":1}',
        '["\\ude00\\ud83d"]',
        "",
        "{",
        "[1,]",
        "\ufeff{}",
        "'a'",
    ],
)
def test_values_that_cannot_be_encoded_are_refused(text: str):
    with pytest.raises(JsonError):
        loads(text)


@pytest.mark.parametrize("data", [b"\xff", b'"\xed\xa0\x80"', "{}".encode("utf-16"), b"\xc0\x80"])
def test_bytes_that_are_not_utf8_are_refused(data: bytes):
    with pytest.raises(JsonError, match="not UTF-8"):
        loads(data)


def test_a_whole_surrogate_pair_is_a_character():
    assert loads('"\\ud83d\\ude00"') == "\U0001f600"


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\u0d8 -9eEINa', max_size=200))
def test_any_text_is_a_value_or_one_refusal(text: str | bytes):
    try:
        value = loads(text)
    except JsonError:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
