"""Flash: NOR semantics on host and board, partitions, and ranges that raise."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_formats import partitions
from alink_formats.identity import Identity
from alink_formats.partitions import PartitionTable
from alink_sim.board import FlashFile, PowerCutError
from tests.board.conftest import Bench, printed

IDENTITY = Identity(product_key="a1B2c3", product_secret="secret", device_name="dev-1")


@pytest.fixture
def flash(tmp_path: Path) -> FlashFile:
    return FlashFile.create(tmp_path / "flash.bin", size=0x4000)


def test_write_only_clears_bits(flash: FlashFile):
    flash.write(0x10, b"\xf0\x0f")
    flash.write(0x10, b"\x3c\xff")
    assert flash.read(0x0F, 4) == b"\xff\x30\x0f\xff"


def test_erasing_sets_a_whole_sector(flash: FlashFile):
    flash.write(0, bytes(0x3000))
    flash.erase(0x1000)
    assert flash.read(0, 0x3000) == bytes(0x1000) + b"\xff" * 0x1000 + bytes(0x1000)


def test_burning_erases_old_content(flash: FlashFile):
    flash.write(0, bytes(0x3000))
    flash.burn(0x1000, b"image")
    assert flash.read(0x1000, 6) == b"image\xff"
    assert flash.read(0xFFF, 1) == flash.read(0x2000, 1) == b"\0"


@pytest.mark.parametrize("offset", [-1, 0x3FFF, 0x4000])
def test_range_outside_flash_is_refused(flash: FlashFile, offset):
    with pytest.raises(ValueError, match="are outside the flash of 0x4000 bytes"):
        flash.read(offset, 2)


def test_erase_inside_a_sector_is_refused(flash: FlashFile):
    with pytest.raises(ValueError, match="not the start of a sector"):
        flash.erase(0x800)


def test_cut_leaves_half_of_the_operation(flash: FlashFile):
    flash.cut_at = 2
    flash.write(0, bytes(100))
    with pytest.raises(PowerCutError, match="operation 2"):
        flash.write(100, bytes(100))
    assert flash.read(0, 200) == bytes(150) + b"\xff" * 50
    flash.cut_at = 3
    with pytest.raises(PowerCutError):
        flash.erase(0)
    assert flash.read(0x7FF, 2) == b"\xff\xff"
    assert flash.read(0, 150) == b"\xff" * 150


# ---------------------------------------------------------------------------------- on the board


def test_partitions_are_found_by_type_subtype_and_label(bench: Bench):
    lines = bench.run(
        """
        from esp32 import Partition
        print([p.info()[4] for p in Partition.find(Partition.TYPE_DATA)])
        print([p.info()[4] for p in Partition.find()])
        print([p.info()[4] for p in Partition.find(Partition.TYPE_DATA, 0x41)])
        print([p.info()[4] for p in Partition.find(Partition.TYPE_APP, label="cred")])
        print(Partition.find(Partition.TYPE_DATA, label="fctry")[0].info())
        print(Partition(Partition.RUNNING).info()[4], Partition("cred").info()[2])
        try:
            Partition("none")
        except OSError as error:
            print(error.errno)
        """
    )
    assert lines == [
        "['nvs', 'phy_init', 'fctry', 'cred', 'vfs']",
        "['factory']",
        "['fctry']",
        "[]",
        "(1, 65, 2076672, 12288, 'fctry', False)",
        "factory 2088960",
        "2",
    ]


def test_block_write_and_erase_follow_nor_rules(bench: Bench):
    board = bench.board(
        """
        from esp32 import Partition
        cred = Partition.find(Partition.TYPE_DATA, label="cred")[0]
        print(cred.ioctl(4, 0), cred.ioctl(5, 0))
        cred.writeblocks(0, b"\\xf0" * 4, 8)
        cred.writeblocks(0, b"\\x3c" * 4, 8)
        data = bytearray(6)
        cred.readblocks(0, data, 7)
        print(data)
        cred.writeblocks(1, bytes(4096))
        print(cred.ioctl(6, 0))
        cred.readblocks(0, data, 7)
        print(data)
        """
    )
    assert printed(board) == [
        "2 4096",
        r"bytearray(b'\xff0000\xff')",
        "0",
        r"bytearray(b'\xff\xff\xff\xff\xff\xff')",
    ]
    place = board.table().find("cred")
    assert board.flash.read(place.offset, place.size) == b"\xff" * 4096 + bytes(4096)


def test_read_only_partition_refuses_writes(bench: Bench):
    board = bench.board(
        """
        from esp32 import Partition
        fctry = Partition.find(Partition.TYPE_DATA, label="fctry")[0]
        for attempt in (
            lambda: fctry.writeblocks(0, b"x", 0),
            lambda: fctry.writeblocks(0, bytes(4096)),
            lambda: fctry.ioctl(6, 0),
        ):
            try:
                attempt()
            except OSError as error:
                print(error.args)
        data = bytearray(4)
        fctry.readblocks(0, data)
        print(data)
        """,
        identity=IDENTITY,
    )
    refused = "(-269, 'ESP_ERR_NOT_ALLOWED')"
    assert printed(board) == [refused, refused, refused, "bytearray(b'ALNK')"]


def test_range_outside_partition_is_refused(bench: Bench):
    lines = bench.run(
        """
        from esp32 import Partition
        cred = Partition.find(Partition.TYPE_DATA, label="cred")[0]
        for attempt in (
            lambda: cred.readblocks(1, bytearray(4097)),
            lambda: cred.writeblocks(2, b"x", 0),
            lambda: cred.ioctl(6, 2),
        ):
            try:
                attempt()
            except OSError as error:
                print(error.args)
        """
    )
    assert lines == ["(-260, 'ESP_ERR_INVALID_SIZE')"] * 3


def test_raw_flash_keeps_partitions_removed_from_table(bench: Bench):
    board = bench.board(
        """
        import esp, esp32
        print([p.info()[4] for p in esp32.Partition.find(1)], esp.flash_size())
        data = bytearray(4)
        esp.flash_read(0x1FB000, data)
        print(data)
        try:
            esp32.NVS("app").get_i32("n")
        except OSError as error:
            print(error)
        esp32.NVS("app").set_i32("n", 1)
        """,
        identity=IDENTITY,
    )
    printed(board)
    board.replace_table("stock")
    assert printed(board) == [
        "['nvs', 'phy_init', 'vfs'] 4194304",
        "bytearray(b'ALNK')",
        "(-4354, 'ESP_ERR_NVS_NOT_FOUND')",
    ]


def test_table_without_vfs_gets_default_vfs(bench: Bench):
    board = bench.board(
        """
        import esp32
        print(esp32.Partition.find(1, label="vfs")[0].info())
        """
    )
    whole = board.table()
    board.flash.burn(partitions.OFFSET, PartitionTable(whole.partitions[:-1]).to_binary())
    assert not board.table().has("vfs")
    assert printed(board) == ["(1, 129, 2097152, 2097152, 'vfs', False)"]
    assert "/main.py" in board.vfs_files()
