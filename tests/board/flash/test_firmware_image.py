"""Fake firmware images in the real esptool and in the boot loader."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_formats import board as definitions
from alink_formats import partitions
from alink_formats.board import BoardDefinition
from alink_sim import toolchain
from alink_sim.board import FlashFile, firmware_image
from alink_sim.board.interpreter import bootloader
from tests.board.esptool_runner import esptool

BOARDS = ("ESP32_GENERIC", "ESP32_GENERIC_S3", "ESP32_GENERIC_C3", "ESP32_GENERIC-OTA")
NAMES = {
    "esp32": "ESP32",
    "esp32s2": "ESP32-S2",
    "esp32s3": "ESP32-S3",
    "esp32c3": "ESP32-C3",
    "esp32c6": "ESP32-C6",
}


@pytest.fixture(params=BOARDS)
def definition(request: pytest.FixtureRequest) -> BoardDefinition:
    return definitions.load(toolchain.boards_dir() / request.param)


@pytest.fixture
def generic() -> BoardDefinition:
    return definitions.load(toolchain.boards_dir() / "ESP32_GENERIC")


def _flashed(folder: Path, definition: BoardDefinition, image: bytes | None = None) -> FlashFile:
    flash = FlashFile.create(folder / "flash.bin", size=definition.flash_size)
    flash.burn(definition.firmware_offset, image or firmware_image.published(definition))
    return flash


@pytest.mark.interop
@pytest.mark.parametrize("kind", ["application", "bootloader"])
@pytest.mark.parametrize("chip", sorted(NAMES))
def test_esptool_accepts_the_fake_image(tmp_path: Path, chip, kind):
    file = tmp_path / "image.bin"
    file.write_bytes(getattr(firmware_image, kind)(chip))
    done = esptool("image-info", file)
    assert done.code == 0, done.text
    assert f"Detected image type: {NAMES[chip]}" in done.text
    assert done.text.count("(valid)") == 2  # checksum and SHA-256
    assert ("Project name: micropython" in done.text) == (kind == "application")


@pytest.mark.interop
@pytest.mark.parametrize("at", [0x30, 0x5000])
def test_esptool_detects_a_flipped_bit(tmp_path: Path, at):
    image = bytearray(firmware_image.application("esp32"))
    image[at] ^= 4
    file = tmp_path / "image.bin"
    file.write_bytes(image)
    assert "(invalid" in esptool("image-info", file).text


def test_published_image_boots_on_its_board(tmp_path: Path, definition):
    flash = _flashed(tmp_path, definition)
    assert bootloader.start(flash, definition) == definition.table("stock").slots[0]


def test_image_of_another_chip_is_refused(tmp_path: Path, generic):
    image = firmware_image.published(generic, app=firmware_image.application("esp32s3"))
    with pytest.raises(bootloader.BootError, match="mismatch chip ID, expected 0, found 9"):
        bootloader.start(_flashed(tmp_path, generic, image), generic)


def test_blank_chip_reports_invalid_header(tmp_path: Path, generic):
    flash = FlashFile.create(tmp_path / "flash.bin", size=generic.flash_size)
    with pytest.raises(bootloader.BootError, match="invalid header: 0xffffffff"):
        bootloader.start(flash, generic)


@pytest.mark.parametrize(
    ("offset", "complaint"),
    [
        (0x1000, "invalid header"),
        (0x8004, "Failed to verify partition table"),
        (0x10000, "invalid magic byte"),
        (0x12345, "Checksum failed"),
    ],
)
def test_bootloader_names_the_damaged_part(tmp_path: Path, generic, offset, complaint):
    flash = _flashed(tmp_path, generic)
    flash.write(offset, bytes(4))
    with pytest.raises(bootloader.BootError, match=complaint):
        bootloader.start(flash, generic)


def test_changed_header_fails_image_hash(tmp_path: Path, generic):
    flash = _flashed(tmp_path, generic)
    flash.write(0x10002, bytes(1))  # Flash mode: no segment.
    with pytest.raises(bootloader.BootError, match="Image hash failed"):
        bootloader.start(flash, generic)


def test_table_beyond_header_flash_size_is_refused(tmp_path: Path, generic):
    large = generic.fitted(16 << 20)
    image = firmware_image.published(large)  # Its boot loader is for 4 MB, like a published one.
    with pytest.raises(bootloader.BootError, match="Failed to verify partition table"):
        bootloader.start(_flashed(tmp_path, large, image), large)


def test_otadata_chooses_the_slot(tmp_path: Path):
    board = definitions.load(toolchain.boards_dir() / "ESP32_GENERIC-OTA")
    flash = _flashed(tmp_path, board)
    table = board.table("stock")
    flash.burn(table.find("ota_1").offset, firmware_image.application("esp32", seed=1))
    place = table.find("otadata").offset
    for sector, (sequence, crc) in enumerate([(1, 0x4743989A), (2, 0x55F63774)]):
        # The numbers that ESP-IDF's otatool writes for a first and a second update.
        entry = sequence.to_bytes(4, "little") + b"\xff" * 24 + crc.to_bytes(4, "little")
        flash.burn(place + sector * 0x1000, entry)
    assert bootloader.start(flash, board).name == "ota_1"
    flash.erase(table.find("ota_1").offset)
    assert bootloader.start(flash, board).name == "ota_0"


def test_other_seed_gives_other_image():
    first, second = (firmware_image.application("esp32", seed=seed) for seed in (0, 1))
    assert first != second
    assert len(first) == len(second)


def test_published_image_has_table_at_board_offset(definition):
    image = firmware_image.published(definition)
    at = partitions.OFFSET - definition.firmware_offset
    assert image[at : at + partitions.SIZE] == definition.table("stock").to_binary()
