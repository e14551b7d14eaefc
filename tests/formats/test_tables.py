"""Tables checked against a model: every mistake is one sentence."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest

from alink_formats import tables
from alink_formats.tables import Table, TableError


class Product(Table):
    key: str
    secret: str = ""


class Model(Table):
    product: Product
    attempts: Annotated[int, tables.within(1, 99)] = 3
    layout: Literal["factory", "stock"] = "factory"


RIGHT = {"product": {"key": "a1B2"}}


def messages(content: object) -> tuple[str, ...]:
    with pytest.raises(TableError) as caught:
        tables.check(Model, content)
    return caught.value.messages


def test_right_content_becomes_the_model():
    assert tables.check(Model, RIGHT).product.key == "a1B2"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"product": {}}, "product.key is missing"),
        (RIGHT | {"attempt": 3}, "attempt is not a known key: did you mean attempts?"),
        (
            {"product": {"key": "a1B2", "x": 1}},
            "product.x is not a known key: use key or secret",
        ),
        (RIGHT | {"attempts": 0}, "attempts is 0; allowed range is 1 to 99"),
        (RIGHT | {"attempts": "3"}, "attempts is '3'; write a whole number"),
        (RIGHT | {"attempts": True}, "attempts is True; write a whole number"),
        (RIGHT | {"layout": "fctry"}, "layout is 'fctry'; use factory or stock"),
        (RIGHT | {"layout": 1}, "layout is 1; use factory or stock"),
        ({"product": 1}, "product is 1; write a table"),
        ([], "the content is []; write a table"),
    ],
)
def test_each_mistake_is_one_sentence(content, says):
    assert messages(content) == (says,)


@pytest.mark.parametrize(
    ("name", "known", "says"),
    [
        ("qrcode", ("size", "code128", "qr"), "did you mean qr?"),
        ("GENERICC3", ("GENERIC", "GENERIC_C3"), "did you mean GENERIC_C3?"),
    ],
)
def test_nearest_name_may_be_its_beginning(name, known, says):
    assert tables.nearest(name, known) == says


def test_all_mistakes_are_reported_at_once():
    assert len(messages({"product": {}, "attempts": 0, "x": 1})) == 3


def test_value_of_a_secret_is_not_shown():
    (says,) = messages({"product": {"key": "a1B2", "secret": 4711}})
    assert says == "product.secret: write text in quotes"
