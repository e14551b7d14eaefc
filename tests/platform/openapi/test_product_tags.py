"""Tags of products through the cloud API."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_iot20180120 import models

from alink_sim.platform import Platform
from tests.platform.api_calls import PK, Ask, done, refused

INVALID = "iot.common.InvalidFormattedParameter"


@pytest.fixture(autouse=True)
def product(cloud: Platform) -> None:
    cloud.console.create_product(key=PK, name="thermometer")


def change(ask: Ask, action: str, **tags: str) -> dict[str, Any]:
    kind = getattr(models, f"{action}RequestProductTag")
    given = [kind(tag_key=key, tag_value=value) for key, value in tags.items()]
    return ask(action, product_key=PK, product_tag=given)


def listed(ask: Ask) -> dict[str, str]:
    data = done(ask("ListProductTags", product_key=PK))["Data"]
    return {one["TagKey"]: one["TagValue"] for one in data["ProductTag"]}


def test_product_tags_are_created_updated_and_deleted(ask: Ask) -> None:
    assert listed(ask) == {}
    done(change(ask, "CreateProductTags", room="101", city="杭州"))
    done(change(ask, "UpdateProductTags", room="1-0_2"))
    assert listed(ask) == {"room": "1-0_2", "city": "杭州"}
    done(ask("DeleteProductTags", product_key=PK, product_tag_key=["room", "none"]))
    assert listed(ask) == {"city": "杭州"}


def test_invalid_product_tags_are_returned_and_change_nothing(ask: Ask) -> None:
    for action, tags, wrong in (
        ("CreateProductTags", {"good": "1", "a_b": "1"}, ["a_b"]),
        ("CreateProductTags", {"k" * 31: "1"}, ["k" * 31]),
        ("CreateProductTags", {"room": "123$", "empty": ""}, ["room", "empty"]),
        ("CreateProductTags", {"room": "杭" * 65}, ["room"]),
        ("UpdateProductTags", {"room": "1"}, ["room"]),
    ):
        body = change(ask, action, **tags)
        assert refused(body) == INVALID
        found = body["InvalidProductTags"]["ProductTag"]
        assert [one["TagKey"] for one in found] == wrong
    assert listed(ask) == {}


def test_product_has_at_most_100_tags(ask: Ask) -> None:
    many = {f"a{number}": "1" for number in range(11)}
    assert refused(change(ask, "CreateProductTags", **many)) == INVALID
    for start in range(0, 100, 10):
        tags = {f"a{number}": "1" for number in range(start, start + 10)}
        done(change(ask, "CreateProductTags", **tags))
    assert refused(change(ask, "CreateProductTags", more="1")) == INVALID
    assert len(listed(ask)) == 100


def test_products_are_found_by_all_their_tags(cloud: Platform, ask: Ask) -> None:
    done(change(ask, "CreateProductTags", room="101", city="x"))
    cloud.console.create_product(key="a1Other0001")
    kind = models.ListProductByTagsRequestProductTag
    for tags, keys in (
        ({"room": "101"}, [PK]),
        ({"room": "101", "city": "x"}, [PK]),
        ({"room": "101", "city": "y"}, []),
    ):
        given = [kind(tag_key=key, tag_value=value) for key, value in tags.items()]
        found = done(ask("ListProductByTags", product_tag=given))["ProductInfos"]["ProductInfo"]
        assert [one["ProductKey"] for one in found] == keys
        assert all(one["ProductName"] == "thermometer" for one in found)
