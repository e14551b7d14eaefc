"""The board definitions of boards/, and the numbers of the identity contract in them."""

from __future__ import annotations

import pytest

from alink_formats import board
from alink_formats.partitions import READONLY
from alink_sim import toolchain

GENERIC = board.load(toolchain.boards_dir() / "ESP32_GENERIC")


def test_the_factory_layout_keeps_identity_apart_from_the_application():
    table = GENERIC.table("factory")
    places = {p.name: (p.offset, p.size, p.type, p.subtype) for p in table.partitions}
    assert places["nvs"] == (0x9000, 0x6000, 1, 2)
    assert places["factory"] == (0x10000, 0x1EB000, 0, 0)
    assert places["fctry"] == (0x1FB000, 0x3000, 1, 0x41)
    assert places["cred"] == (0x1FE000, 0x2000, 1, 0x40)
    assert places["vfs"] == (0x200000, 0x200000, 1, 0x81)


def test_only_the_burned_certificate_is_read_only():
    flags = {p.name: p.flags for p in GENERIC.table("factory").partitions}
    assert {name for name, bits in flags.items() if bits & READONLY} == {"fctry"}


def test_both_layouts_have_nvs_and_volume_where_the_stock_image_has_them():
    for name in ("nvs", "phy_init", "vfs"):
        assert GENERIC.table("factory").find(name) == GENERIC.table("stock").find(name)


def test_an_unknown_layout_lists_those_there_are():
    with pytest.raises(board.BoardDefinitionError, match="it has factory, stock"):
        GENERIC.table("ota")


def test_a_folder_without_definition_says_what_to_name(tmp_path):
    with pytest.raises(board.BoardDefinitionError, match=r"name a folder of boards/"):
        board.load(tmp_path)


def test_a_table_that_is_wrong_names_file_and_line(tmp_path):
    (tmp_path / "board.json").write_text(
        '{"chip": "esp32", "flash_size": 4194304, "layouts": {"factory": "partitions.csv"}}'
    )
    (tmp_path / "partitions.csv").write_text("nvs, data, nvs, 0x9001, 0x6000\n")
    with pytest.raises(board.BoardDefinitionError, match=r"partitions\.csv, line 1 \(nvs\)"):
        board.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"chip": 1, "flash_size": "x"}'])
def test_a_definition_that_cannot_be_read_names_the_file(tmp_path, text):
    (tmp_path / "board.json").write_text(text)
    with pytest.raises(board.BoardDefinitionError, match=r"board\.json"):
        board.load(tmp_path)
