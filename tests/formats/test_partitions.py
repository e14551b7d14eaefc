"""Partition tables: ESP-IDF's CSV and binary form, and complaints that say what would work."""

from __future__ import annotations

import hashlib

import pytest

from alink_formats.partitions import SIZE, Partition, PartitionError, PartitionTable

CSV = """\
# Name, Type, SubType, Offset, Size, Flags
nvs, data, nvs, 0x9000, 0x6000

factory,app,factory,64K,1M
fctry, data, 0x41, 0x1fb000, 0x3000, readonly   # burned once
"""
TABLE = PartitionTable(
    (
        Partition("nvs", 1, 2, 0x9000, 0x6000),
        Partition("factory", 0, 0, 0x10000, 0x100000),
        Partition("fctry", 1, 0x41, 0x1FB000, 0x3000, 2),
    )
)
# The entries as ESP-IDF's gen_esp32part.py packs them.
ENTRIES = bytes.fromhex(
    "aa50 01 02 00900000 00600000 6e767300000000000000000000000000 00000000"
    "aa50 00 00 00000100 00001000 666163746f7279000000000000000000 00000000"
    "aa50 01 41 00b01f00 00300000 66637472790000000000000000000000 02000000"
)
MD5 = bytes.fromhex("ebeb") + b"\xff" * 14 + hashlib.md5(ENTRIES).digest()
BINARY = ENTRIES + MD5 + b"\xff" * (SIZE - len(ENTRIES) - 32)


def test_csv_is_read_with_units_comments_and_flags():
    assert PartitionTable.from_csv(CSV) == TABLE


# What gen_esp32part.py of ESP-IDF 5 makes of this text.
LOOSE_CSV = """\
# Name,   Type, SubType, Offset, Size
nvs,      data, nvs,     ,       0x6000,
phy_init, DATA, PHY,     ,       0X1000
state,    data, ,        ,       0x800
factory,  app,  Factory, ,       1m
other,    0x40, 0x7,     ,       -2M
log,      1,    0x99,    ,       64K, encrypted:readonly
"""
LOOSE_TABLE = PartitionTable(
    (
        Partition("nvs", 1, 2, 0x9000, 0x6000),
        Partition("phy_init", 1, 1, 0xF000, 0x1000),
        Partition("state", 1, 6, 0x10000, 0x800),
        Partition("factory", 0, 0, 0x20000, 0x100000),
        Partition("other", 0x40, 7, 0x120000, 0xE0000),
        Partition("log", 1, 0x99, 0x200000, 0x10000, 3),
    )
)


def test_csv_is_read_as_esp_idf_reads_it():
    assert PartitionTable.from_csv(LOOSE_CSV) == LOOSE_TABLE
    assert PartitionTable.from_binary(LOOSE_TABLE.to_binary()) == LOOSE_TABLE


def test_binary_table_matches_esp_idf():
    assert TABLE.to_binary() == BINARY
    assert PartitionTable.from_binary(BINARY) == TABLE


def test_a_table_without_md5_is_read():
    assert PartitionTable.from_binary(ENTRIES + b"\xff" * 32) == TABLE


@pytest.mark.parametrize("position", range(0, len(ENTRIES) + 32, 7))
def test_a_damaged_table_is_refused(position):
    damaged = bytearray(BINARY)
    damaged[position] ^= 0x01
    with pytest.raises(PartitionError):
        PartitionTable.from_binary(bytes(damaged))


def test_blank_flash_is_not_a_table():
    with pytest.raises(PartitionError, match="the flash is blank"):
        PartitionTable.from_binary(b"\xff" * SIZE)


def test_unknown_partition_lists_the_names():
    assert TABLE.find("fctry").offset == 0x1FB000
    with pytest.raises(PartitionError, match="it has nvs, factory, fctry"):
        TABLE.find("cred")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("a, data, 0x40, 0x9800, 0x1000", "line 2 .a.: offset 0x9800 .* 0x9000 or 0xa000 would"),
        ("a, app, factory, 0x11000, 0x10000", "multiple of 0x10000; 0x10000 or 0x20000"),
        ("a, app, test, 0x40000, 0x1800", "size 0x1800 is not a multiple .* 0x2000 would be"),
        ("a, data, 0x40, 0x9000, 0", "size 0x0 is not a multiple of 0x1000; 0x1000 would be"),
        ("a, data, 0x40, 0x1000, 0x1000", "0x9000 is the first free one"),
        ("a, app, test, 0x0, 0x1000", "0x10000 is the first free one"),
        ("a, data, 0x40, 0x3ff000, 0x2000", "ends at 0x401000, .*; size 0x1000 would fit"),
        ("first, data, 0x40, 0xb000, 0x1000", "another partition has this name"),
        ("a, data, 0x40, 0x20000, 0x1000", "lies in first, which ends at 0x30000; 0x30000 would"),
        ("a, data, 0x40, 0x9000, 0x1000, secret", "flag 'secret'; use encrypted or readonly"),
        ("a, data, 0x40, x, 0x1000", "line 2: offset 'x' is not a number"),
        ("a, data, magic, 0x9000, 0x1000", "line 2: subtype 'magic' .* nvs"),
        ("a, data", "line 2: 2 columns"),
        ("a, data, 0x40, 0x9000,", "name, type, subtype, offset and size are needed"),
        ("a, app, , 0x40000, 0x1000", "line 2: subtype '' is not a number; .* factory"),
        ("a_name_of_16_chr, data, 0x40, 0x9000, 0x1000", "allowed range is 1 to 15"),
    ],
)
def test_table_error_names_line_and_correction(line, complaint):
    with pytest.raises(PartitionError, match=complaint):
        PartitionTable.from_csv(f"first, data, 0x40, 0x10000, 0x20000\n{line}\n")
