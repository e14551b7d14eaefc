"""What flash can suffer and cost nothing: wiped NVS, a stock image over ours, torn copies."""

from __future__ import annotations

import re

import pytest

from alink_formats import identity
from alink_sim.board import Board
from tests.sim.conftest import INSTANCE, RESETS_BEFORE_STORING, Rig

ONLINE = re.compile(r"^alink: online at ")


def _activated(rig: Rig, layout: str, method: str) -> Board:
    board = rig.board("dev-1", layout=layout, method=method, register=method == "register")
    board.power_on()
    board.expect(ONLINE)
    board.power_off()
    return board


def _comes_back(rig: Rig, board: Board) -> None:
    for _ in range(2):
        board.power_on()
        board.expect(ONLINE)
        board.power_off()
    assert rig.kinds("dev-1").count("registered") == 1


@pytest.mark.parametrize("layout", ["factory", "stock"])
@pytest.mark.parametrize("method", ["register", "regnwl"])
def test_nvs_wiped_at_boot_loses_nothing(rig: Rig, layout: str, method: str) -> None:
    board = _activated(rig, layout, method)
    board.fill_nvs()
    _comes_back(rig, board)


@pytest.mark.parametrize("method", ["register", "regnwl"])
def test_stock_image_over_factory_board_loses_nothing(rig: Rig, method: str) -> None:
    board = _activated(rig, "factory", method)
    board.replace_table("stock")
    _comes_back(rig, board)
    assert "fctry" not in {part.name for part in board.table().partitions}


@pytest.mark.parametrize(
    ("board", "flash_size"), [("ESP32_GENERIC-OTA", 4 << 20), ("ESP32_GENERIC_S3-OTA", 16 << 20)]
)
def test_former_partitions_are_found_with_two_slots(rig: Rig, board: str, flash_size: int) -> None:
    made = rig.board("dev-1", board=board, flash_size=flash_size)
    made.power_on()
    made.expect(ONLINE)
    made.power_off()
    made.replace_table("stock")
    _comes_back(rig, made)


def test_former_partitions_are_never_written(rig: Rig) -> None:
    board = _activated(rig, "factory", "register")
    before = board.flash.read(0x1FB000, 0x5000)
    board.replace_table("stock")
    _comes_back(rig, board)
    assert board.flash.read(0x1FB000, 0x5000) == before


def test_erased_cred_partition_loses_nothing(rig: Rig) -> None:
    board = _activated(rig, "factory", "register")
    board.flash.erase(0x1FE000)
    board.flash.erase(0x1FF000)
    _comes_back(rig, board)


def test_credential_outlives_a_damaged_certificate(rig: Rig) -> None:
    board = _activated(rig, "factory", "register")
    board.flash.write(0x1FB000 + 30, bytes(4))
    board.power_on()
    board.expect("the certificate in fctry is unusable")
    board.expect(ONLINE)


def test_corrected_certificate_keeps_the_credential(rig: Rig) -> None:
    board = _activated(rig, "factory", "register")
    corrected = rig.identity(
        "dev-1",
        host=f"{INSTANCE}.mqtt.iothub.aliyuncs.com",
        instance_id="",
        product_secret="Corrected1234567",
    )
    board.burn_record(identity.encode(corrected), layout="factory")
    board.power_on()
    board.expect(ONLINE)
    board.power_off()
    assert rig.kinds("dev-1").count("registered") == 1


def test_three_unfinished_registrations_stop_the_board(rig: Rig) -> None:
    board = rig.board("dev-1", method="regnwl", register=False, main=RESETS_BEFORE_STORING)
    with board:
        board.power_on()
        for _ in range(2):
            board.expect("registered by regnwl")
        board.expect("the next one starts in 10 minutes")
    assert len(rig.platform.console.device(rig.product_key, "dev-1").client_ids) == 2
