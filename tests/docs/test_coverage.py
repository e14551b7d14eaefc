"""docs/reference/coverage.md is fresh, complete, and names tests that exist."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from alibabacloud_iot20180120.client import Client

import coverage_page
from alink_sim.platform.openapi.actions import ACTIONS
from alink_sim.platform.state.refusal import Code
from alink_sim.platform.topics import dispatch, sub_device_sessions
from coverage_page import Item

ROOT = Path(__file__).resolve().parents[2]
LISTS = {name: coverage_page.items(name) for name in coverage_page.LISTS}
ALL = [row for rows in LISTS.values() for row in rows]


def test_page_and_readme_follow_the_lists():
    assert coverage_page.page() == coverage_page.PAGE.read_text("utf-8"), "run make coverage"
    for name in coverage_page.sentences():
        text = (ROOT / name).read_text("utf-8")
        assert "docs/reference/coverage.md" in text
        assert coverage_page.readme(name, text) == text, "run make coverage"
        stale = text.replace(" % ", "9 % ")
        assert coverage_page.readme(name, stale) != stale


def test_supported_items_name_an_existing_test():
    text: dict[str, str] = {}
    for row in ALL:
        if "yes" in (row.platform, row.board):
            file, _, function = row.test.partition("::")
            text[file] = text.get(file) or (ROOT / file).read_text("utf-8")
            assert re.search(rf"^(async )?def {function}\(", text[file], re.MULTILINE), row


def test_incomplete_groups_have_a_reason():
    why = coverage_page.reasons()
    incomplete = {row.group for row in ALL if {"no", "partly"} & {row.platform, row.board}}
    assert incomplete - why.keys() == set()
    assert why.keys() - incomplete == set()
    assert all(row.platform in ("yes", "partly", "no") for row in ALL)


def test_every_item_is_listed_once():
    for rows in LISTS.values():
        keys = [(row.group, row.item) for row in rows]
        assert len(keys) == len(set(keys))


def test_actions_are_those_of_the_vendor_client():
    listed = {row.item: row for row in LISTS["actions"]}
    assert set(listed) == set(re.findall(r"action='(\w+)'", inspect.getsource(Client)))
    assert {name for name, row in listed.items() if row.platform == "yes"} == set(ACTIONS)


def test_every_topic_of_the_platform_is_listed():
    listed = {row.item.partition("/DN/")[2] for row in LISTS["topics"] if row.platform == "yes"}
    assert set(dispatch._VERBS) - listed == set()
    sessions = {f"/ext/session/PK/DN/{one}" for one in sub_device_sessions.VERBS}
    assert sessions - {row.item for row in LISTS["topics"]} == set()


def test_every_code_of_a_refusal_is_listed():
    listed = {row.item.partition(" ")[0] for row in LISTS["codes"] if row.platform == "yes"}
    assert {str(int(code)) for code in Code} - listed == set()


def test_partly_counts_as_half():
    rows = [Item("", "", mark, "-", "") for mark in ("yes", "partly", "no", "no")]
    assert coverage_page.percent(rows, "platform") == 37
