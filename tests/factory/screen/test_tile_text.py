"""The text of a tile: exact lines and columns, big letters, the end of a long name."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from alink_factory import language
from alink_factory.screen.state import Tile
from alink_factory.screen.tile_text import beside, big_letters, cut, end, tile_text

PORT = "/dev/ttyUSB3"


@pytest.mark.parametrize("chosen", [language.ENGLISH, language.CHINESE])
@pytest.mark.parametrize(
    "state", ["free", "working", "done", "already", "failed", "again", "aside"]
)
@pytest.mark.parametrize("size", [(19, 4), (19, 6), (29, 10), (8, 4)])
def test_text_has_the_size_of_its_tile(state, size, chosen):
    tile = Tile(PORT, state, "greenhouse-灯具-2026-0004", "序列77", "a0b765123456", "tested", 48)
    language.use(chosen)
    try:
        lines = tile_text(4, tile, width=size[0], height=size[1]).plain.split("\n")
    finally:
        language.use(language.ENGLISH)
    assert len(lines) == size[1]
    assert max(map(cell_len, lines)) <= size[0]


def test_big_letters_have_two_sizes():
    small, large = big_letters("OK", 1), big_letters("NG", 2)
    assert [row.rstrip() for row in small] == ["▄▀▀▀▄ █ ▄▀", "█   █ █▀▄", "▀▄▄▄▀ █  ▀▄"]
    assert (len(large), large[0].rstrip()) == (6, "██      ██    ██████")


@pytest.mark.parametrize(("state", "word"), [("done", "OK"), ("failed", "FAILED")])
@pytest.mark.parametrize("height", [4, 6, 10])
def test_result_is_a_word_at_any_height(state, word, height):
    assert word in tile_text(1, Tile(PORT, state), width=19, height=height).plain


def test_long_name_keeps_its_end():
    tile = Tile(PORT, "working", "greenhouse-lamp-2026-line7-000411")
    assert "line7-000411" in tile_text(1, tile, width=19, height=6).plain


def test_long_port_keeps_its_end():
    assert "…yUSB3 OK (again)" in tile_text(1, Tile(PORT, "already"), width=22, height=6).plain


def test_working_tile_shows_progress_and_step():
    tile = Tile(PORT, "working", step="tested", percent=50, detail="supply", seconds=12.3)
    page = tile_text(1, tile, width=24, height=6).plain
    assert "50 %" in page
    assert "████████████░░░░░░░░░░░░" in page
    assert "testing supply  12 s" in page


@pytest.mark.parametrize("width", range(12))
def test_texts_are_cut_to_columns(width):
    assert cell_len(cut("灯具 lamp", width)) <= max(1, width)
    assert cell_len(end("灯具 lamp", width)) <= max(1, width)
    assert cell_len(beside("灯具", "OK", max(width, 3))) == max(width, 3)
