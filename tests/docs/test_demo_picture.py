"""The picture of the demo in the READMEs shows today's demo; `make picture` draws it."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from rich.text import Text

from alink_sim.demo import command
from alink_sim.demo.scenarios import SCENARIOS
from alink_sim.toolchain import Interpreter

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "demo.svg"
SHOWN = [one for one in SCENARIOS if one.by_default]


@pytest.fixture(scope="module")
def picture() -> str:
    """Return the words of the picture, one blank apart."""
    drawn = re.sub(r"<style>.*?</style>", "", PICTURE.read_text("utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", drawn)).split())


def test_picture_shows_every_default_scenario(picture: str):
    for one in SHOWN:
        assert f"{one.number} {one.title}" in picture
    assert f"{len(SHOWN)} of {len(SHOWN)} boards ended as expected" in picture


def test_picture_has_the_title_of_today(picture: str):
    unix64 = Interpreter("unix64", (), 64)
    title = Text.from_markup(command.title(len(SHOWN), unix64)).plain
    assert " ".join(title.split()).replace(" ,", ",") in picture.replace(" ,", ",")


def test_picture_loads_nothing_from_elsewhere():
    assert "url(http" not in PICTURE.read_text("utf-8")
