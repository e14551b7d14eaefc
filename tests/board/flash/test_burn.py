"""The content of a burned flash in both layouts, and damage to it."""

from __future__ import annotations

import pytest

from alink_formats import identity
from alink_formats.identity import Identity, IdentityError
from alink_formats.partitions import PartitionError
from alink_sim.board.flash.burn import BurnError, damaged
from tests.board.conftest import Bench

IDENTITY = Identity(product_key="a1B2c3", product_secret="secret", device_name="dev-1")


def test_factory_board_has_certificate_without_credential(bench: Bench):
    board = bench.board("", identity=IDENTITY)
    assert identity.decode(board.flash.read(0x1FB000, 0x3000)).identity == IDENTITY
    assert board.flash.read(0x1FE000, 0x2000) == b"\xff" * 0x2000
    assert board.flash.read(0x9000, 0x6000) == b"\xff" * 0x6000


def test_stock_board_has_certificate_only_in_nvs(bench: Bench):
    board = bench.board("", layout="stock", identity=IDENTITY)
    (record,) = board.nvs()
    assert (record.namespace, record.key) == ("alink", "cert")
    assert isinstance(record.value, bytes)
    assert identity.decode(record.value).identity == IDENTITY
    with pytest.raises(PartitionError):
        board.table().find("fctry")
    assert board.flash.read(0x1FB000, 0x5000) == b"\xff" * 0x5000


def test_vfs_contains_the_files(bench: Bench):
    board = bench.board("print(1)", files={"/lib/a.py": b"a = 1"})
    assert board.vfs_files() == {"/main.py": b"print(1)", "/lib/a.py": b"a = 1"} == board.files


def test_board_without_identity_has_blank_flash(bench: Bench):
    board = bench.board("", identity=None)
    assert board.flash.read(0x1FB000, 0x5000) == b"\xff" * 0x5000


def test_damage_changes_one_byte_of_the_field(bench: Bench):
    whole = identity.encode(IDENTITY)
    broken = damaged(whole, "DeviceName")
    changed = [at for at in range(len(whole)) if whole[at] != broken[at]]
    assert changed == [whole.index(b"dev-1")]
    with pytest.raises(IdentityError):
        identity.decode(broken)
    with pytest.raises(BurnError, match="no field DeviceToken"):
        damaged(whole, "DeviceToken")


def test_oversized_nvs_certificate_is_refused(bench: Bench):
    large = Identity(
        product_key="a1B2c3", product_secret="s", device_name="dev-1", ca=(bytes(5000),)
    )
    with pytest.raises(BurnError, match="the limit of NVS is 4096: burn fewer Ca"):
        bench.board("", layout="stock", identity=large)
    bench.board("", layout="factory", identity=large)
