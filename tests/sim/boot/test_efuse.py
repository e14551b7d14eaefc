"""Boards with the secret in an eFuse block: the HMAC unit signs, flash never has the secret."""

from __future__ import annotations

import hmac
import re

import pytest

from alink_sim.board import Board, firmware_image
from tests.sim.conftest import Rig

ONLINE = re.compile(r"^alink: online at ")
READS = """
from alink.boot.efuse import hmac
print("signed", hmac(b"efuse:0", b"hmacsha256", b"text"))
from machine import mem32
print("key", [mem32[0x60008800 + 0x9C + at] for at in range(0, 32, 4)])
"""
WIFI_ON = """
import network
network.WLAN(network.STA_IF).active(True)
from alink import Device
Device.from_flash()
"""
CHANNEL = """
from alink.http_channel import HttpChannel
HttpChannel.from_flash().connect()
"""


def board_of(rig: Rig, *, kind: str = "ESP32_GENERIC_C3", **fields: object) -> Board:
    """Return a board with a chip that has the unit; its eFuses are blank."""
    chip = kind.removeprefix("ESP32_GENERIC_").lower()
    app = firmware_image.application(f"esp32{chip}" if chip != "esp32_generic" else "esp32")
    burned: dict[str, object] = {"product_secret": "efuse:0", **fields}
    return rig.board("dev-1", board=kind, app=app, **burned)  # type: ignore[arg-type]


def burn(board: Board, secret: str, block: int = 0, **how: object) -> None:
    assert board.efuses
    board.efuses.burn_key(block, secret.encode(), **how)  # type: ignore[arg-type]


def in_flash(board: Board, secret: str) -> bool:
    return secret.encode() in board.flash.read(0, board.flash.size)


@pytest.mark.parametrize("kind", ["ESP32_GENERIC_C3", "ESP32_GENERIC_S3"])
@pytest.mark.parametrize("method", ["register", "https", "regnwl"])
def test_chip_signs_its_registration(rig: Rig, kind: str, method: str) -> None:
    with board_of(rig, kind=kind, method=method) as board:
        burn(board, rig.product_secret)
        board.power_on()
        board.expect(ONLINE)
        assert rig.kinds("dev-1").count("registered") == 1
        board.power_on()  # From the credential: it signs nothing more with the eFuse.
        board.expect(ONLINE)
        board.power_off()
        assert not in_flash(board, rig.product_secret)
        assert rig.kinds("dev-1").count("registered") == 1


def test_chip_signs_its_logins(rig: Rig) -> None:
    secret = rig.platform.console.add_device(rig.product_key, "dev-1").secret
    fields = {"product_secret": "", "device_secret": "efuse:1"}
    with board_of(rig, register=False, **fields) as board:
        burn(board, secret, 1)
        board.power_on()
        board.expect(ONLINE)
        board.expect("alink: property post 1 answered: 200")
        rig.platform.console.disable_device(rig.product_key, "dev-1")
        board.expect("alink: offline: ")
        rig.platform.console.enable_device(rig.product_key, "dev-1")
        board.expect(ONLINE)
        board.power_off()
        assert not in_flash(board, secret)


def test_prompt_signs_and_never_reads_the_key(rig: Rig) -> None:
    with board_of(rig, main=READS) as board:
        burn(board, rig.product_secret)
        board.power_on()
        digest = hmac.new(rig.product_secret.encode(), b"text", "sha256").hexdigest()
        assert board.expect("signed ").text == f"signed b'{digest}'"
        assert board.expect("key ").text == "key [0, 0, 0, 0, 0, 0, 0, 0]"


@pytest.mark.parametrize(
    ("fields", "how", "text"),
    [
        ({}, None, "eFuse block 0 has purpose 0, not 8 (HMAC_UP): burn its key on the line"),
        ({}, {"purpose": 5}, "eFuse block 0 has purpose 5, not 8"),
        ({"sign_method": "hmacsha1"}, {}, "signs hmacsha256 only, SignMethod is hmacsha1"),
        ({"product_secret": "efuse:7"}, {}, "efuse:7 is not an eFuse block"),
    ],
)
def test_unusable_block_is_one_sentence(rig: Rig, fields, how, text: str) -> None:
    with board_of(rig, **fields) as board:
        if how is not None:
            burn(board, rig.product_secret, **how)
        board.power_on()
        board.expect(text)
        assert board.wait() == "crashed"
    assert not rig.kinds("dev-1")


def test_chip_without_the_unit_says_so(rig: Rig) -> None:
    with board_of(rig, kind="ESP32_GENERIC") as board:
        board.power_on()
        board.expect("this chip has no HMAC unit (image of chip 0)")


def test_another_key_is_refused_by_the_platform(rig: Rig) -> None:
    with board_of(rig) as board:
        burn(board, "AnotherSecret123")
        board.power_on()
        board.expect("registration of ")
    assert rig.platform.expect("registration_refused", timeout=0).code == 6600


def test_signature_after_wifi_is_refused(rig: Rig) -> None:
    with board_of(rig, main=WIFI_ON) as board:
        burn(board, rig.product_secret)
        board.power_on()
        board.expect("Wi-Fi is on, and an eFuse key can only sign before")


def test_https_channel_needs_the_secret_in_flash(rig: Rig) -> None:
    secret = rig.platform.console.add_device(rig.product_key, "dev-1").secret
    fields = {"product_secret": "", "device_secret": "efuse:1"}
    with board_of(rig, register=False, main=CHANNEL, **fields) as board:
        burn(board, secret, 1)
        board.power_on()
        board.expect("or a key in an eFuse: register it by register or https")
