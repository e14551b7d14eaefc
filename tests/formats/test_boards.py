"""The board definitions of boards/: every folder, and the loader."""

from __future__ import annotations

import json

import pytest

from alink_formats import board
from alink_formats.board import BoardDefinition, BoardDefinitionError
from alink_formats.chips import CHIPS
from alink_formats.partitions import READONLY, TYPES, PartitionTable
from alink_sim import toolchain

FOLDERS = sorted(path.parent for path in toolchain.boards_dir().glob("*/board.json"))
NAMES = [folder.name for folder in FOLDERS]
GENERIC = board.load(toolchain.boards_dir() / "ESP32_GENERIC")
MB = 1 << 20
RIGHT = {
    "chip": "esp32",
    "flash_sizes": ["4MB"],
    "firmware_offset": "0x1000",
    "baud": 460800,
    "layouts": {"factory": "partitions.csv"},
}


@pytest.fixture(params=FOLDERS, ids=NAMES)
def definition(request: pytest.FixtureRequest) -> BoardDefinition:
    return board.load(request.param)


def test_each_chip_has_a_board():
    assert {board.load(folder).chip for folder in FOLDERS} == set(CHIPS)
    found = {
        (board.load(one).chip, len(board.load(one).table("factory").slots)) for one in FOLDERS
    }
    assert found == {(chip, slots) for chip in CHIPS for slots in (1, 2)}


def test_firmware_offset_matches_chip_rom(definition):
    places = {"esp32": 0x1000, "esp32s2": 0x1000, "esp32s3": 0, "esp32c3": 0, "esp32c6": 0}
    assert definition.firmware_offset == places[definition.chip]


def test_factory_layout_takes_identity_from_last_slot(definition):
    for size in definition.flash_sizes:
        fitted = definition.fitted(size)
        ours, stock = fitted.table("factory"), fitted.table("stock")
        last = stock.slots[-1]
        for place in stock.partitions:
            now = ours.find(place.name)
            taken = 0x5000 if place is last else 0
            assert (now.offset, now.end) == (place.offset, place.end - taken), place.name
            assert (now.type, now.subtype) == (place.type, place.subtype)
        assert {p.name for p in ours.partitions} - {p.name for p in stock.partitions} == {
            "fctry",
            "cred",
        }
        assert (ours.find("fctry").type, ours.find("fctry").subtype) == (TYPES["data"], 0x41)
        assert (ours.find("cred").type, ours.find("cred").subtype) == (TYPES["data"], 0x40)
        assert (ours.find("fctry").size, ours.find("cred").size) == (0x3000, 0x2000)
        assert ours.find("fctry").end == ours.find("cred").offset
        assert ours.find("cred").end == ours.find("vfs").offset


def test_only_the_burned_certificate_is_read_only(definition):
    flags = {p.name for p in definition.table("factory").partitions if p.flags & READONLY}
    assert flags == {"fctry"}


def test_partitions_fill_the_flash(definition):
    for size in definition.flash_sizes:
        for name in ("factory", "stock"):
            table = definition.fitted(size).table(name)
            ends = [0x9000, *(p.end for p in table.partitions)]
            assert [p.offset for p in table.partitions] == ends[:-1]
            assert ends[-1] == size
            assert table.partitions[-1].name == "vfs"
            assert PartitionTable.from_binary(table.to_binary(), flash_size=size) == table


def test_first_slot_is_at_0x10000(definition):
    for layout in ("factory", "stock"):
        assert definition.table(layout).slots[0].offset == 0x10000


def test_the_readme_lists_every_board():
    text = (toolchain.boards_dir() / "README.md").read_text("utf-8")
    for folder in FOLDERS:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{folder.name}` "))
        sizes = board.load(folder).flash_sizes
        assert ", ".join(str(size // MB) for size in sizes) + " MB" in row
        smallest = min(slot.size for slot in board.load(folder).table("factory").slots)
        assert f"{smallest // 1024:,} KiB" in row


def test_larger_flash_gives_larger_vfs():
    assert GENERIC.table("factory").find("vfs").size == 2 * MB
    assert GENERIC.fitted(16 * MB).table("factory").find("vfs").size == 14 * MB
    assert GENERIC.fitted(16 * MB).flash_size == 16 * MB


def test_unknown_flash_size_is_refused():
    with pytest.raises(BoardDefinitionError, match="4MB, 8MB, 16MB of flash, this one has 2MB"):
        GENERIC.fitted(2 * MB)


def test_table_without_vfs_gets_micropythons_vfs():
    bare = PartitionTable(GENERIC.table("stock").partitions[:-1])
    assert bare.grown(4 * MB) == GENERIC.table("stock")
    assert bare.grown(8 * MB) == GENERIC.fitted(8 * MB).table("stock")


def test_an_unknown_layout_lists_those_there_are():
    with pytest.raises(BoardDefinitionError, match="it has factory, stock"):
        GENERIC.table("ota")


def test_a_folder_without_definition_says_what_to_name(tmp_path):
    with pytest.raises(BoardDefinitionError, match=r"name a folder of boards/"):
        board.load(tmp_path)
    with pytest.raises(BoardDefinitionError, match=r"boards/: did you mean ESP32_GENERIC\?$"):
        board.load(toolchain.boards_dir() / "ESP32_GENERC")


def test_invalid_table_names_file_and_line(tmp_path):
    (tmp_path / "board.json").write_text(json.dumps(RIGHT))
    (tmp_path / "partitions.csv").write_text("nvs, data, nvs, 0x9001, 0x6000\n")
    with pytest.raises(BoardDefinitionError, match=r"partitions\.csv, line 1 \(nvs\)"):
        board.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"chip": "esp8266"},
            "chip is 'esp8266'; use esp32, esp32s2, esp32s3, esp32c3 or esp32c6",
        ),
        ({"flash_sizes": ["4194304"]}, "flash_sizes.0 is '4194304'; write 4MB, 8MB or 16MB"),
        ({"flash_sizes": []}, r"flash_sizes is \[\]; write at least 1"),
        ({"firmware_offset": "here"}, "firmware_offset is 'here'; write hex, as in 0x1000"),
        ({"baud": "fast"}, "baud is 'fast'; write a whole number"),
        ({"layout": {}}, r"layout is not a known key: did you mean layouts\?"),
    ],
)
def test_a_value_that_cannot_be_is_shown(tmp_path, change, complaint):
    (tmp_path / "board.json").write_text(json.dumps(RIGHT | change))
    with pytest.raises(BoardDefinitionError, match=complaint):
        board.load(tmp_path)


@pytest.mark.parametrize("key", sorted(RIGHT))
def test_a_key_that_is_missing_is_named(tmp_path, key):
    content = {name: value for name, value in RIGHT.items() if name != key}
    (tmp_path / "board.json").write_text(json.dumps(content))
    with pytest.raises(BoardDefinitionError, match=rf"board\.json: {key} is missing"):
        board.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "1"])
def test_malformed_definition_names_the_file(tmp_path, text):
    (tmp_path / "board.json").write_text(text)
    with pytest.raises(BoardDefinitionError, match=r"board\.json"):
        board.load(tmp_path)
