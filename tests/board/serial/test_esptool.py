"""The real esptool on simulated boards: a pty, and RFC 2217 with DTR and RTS."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from alink_sim.board import FlashFile
from alink_sim.board.serial import CablePull, PtyPort, Rfc2217Port, SerialBoard, WornFlash
from tests.board.esptool_runner import PTY, esptool

pytestmark = pytest.mark.interop

SIZE = 0x400000
IMAGE = random.Random(4).randbytes(70_000) + b"alink" * 6_000


@pytest.fixture
def flash(tmp_path: Path) -> FlashFile:
    return FlashFile.create(tmp_path / "flash.bin", size=SIZE)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "image.bin"
    file.write_bytes(IMAGE)
    return file


@pytest.mark.parametrize("stub", [True, False])
@pytest.mark.parametrize(
    ("chip", "name", "bits"),
    [
        ("esp32", "ESP32-D0WD-V3", 23),
        ("esp32s3", "ESP32-S3", 22),
        ("esp32c3", "ESP32-C3", 24),
        ("esp32c6", "ESP32-C6", 22),
        ("esp32s2", "ESP32-S2", 23),
    ],
)
def test_esptool_recognizes_chip_mac_and_flash(tmp_path: Path, chip, name, bits, stub):
    flash = FlashFile.create(tmp_path / "flash.bin", size=1 << bits)
    board = SerialBoard(flash, chip=chip, mac="7c9ebd4a0b01")
    options = () if stub else ("--no-stub",)
    with PtyPort(board, tmp_path / "port") as port:
        done = esptool("--port", port.path, *PTY, *options, "flash-id")
    assert done.code == 0, done.text
    assert f"Chip type:          {name}" in done.text
    assert "Crystal frequency:  40MHz" in done.text
    assert "7c:9e:bd:4a:0b:01" in done.text
    assert f"Detected flash size: {1 << bits - 20}MB" in done.text


@pytest.mark.parametrize("stub", [True, False])
@pytest.mark.parametrize("chip", ["esp32", "esp32s3", "esp32c3", "esp32c6", "esp32s2"])
def test_esptool_writes_verifies_and_reads(tmp_path: Path, flash, image, chip, stub):
    flash.write(0x20000, bytes(0x30000))
    board = SerialBoard(flash, chip=chip)
    options = PTY if stub else (*PTY, "--no-stub")
    length = 4096 if not stub else len(IMAGE)
    with PtyPort(board, tmp_path / "port") as port:
        common = ("--port", port.path, *options)
        written = esptool(*common, "write-flash", "0x21000", image)
        verified = esptool(*common, "verify-flash", "0x21000", image)
        read = esptool(*common, "read-flash", "0x21000", str(length), tmp_path / "back")
    assert "Hash of data verified." in written.text, written.text
    assert "Verification successful" in verified.text, verified.text
    assert (written.code, verified.code, read.code) == (0, 0, 0)
    assert (tmp_path / "back").read_bytes() == IMAGE[:length]
    assert flash.read(0x20000, 0x1000) == bytes(0x1000)
    assert flash.read(0x21000, len(IMAGE)) == IMAGE
    assert flash.read(0x3A000, 0x16000) == bytes(0x16000)


def test_esptool_erases_the_flash(tmp_path: Path, flash):
    flash.write(0, bytes(0x5000))
    with PtyPort(SerialBoard(flash), tmp_path / "port") as port:
        region = esptool("--port", port.path, *PTY, "erase-region", "0x1000", "0x2000")
        assert region.code == 0, region.text
        assert flash.read(0, 0x5000) == bytes(0x1000) + b"\xff" * 0x2000 + bytes(0x2000)
        assert esptool("--port", port.path, *PTY, "erase-flash").code == 0
    assert flash.read(0, 0x5000) == b"\xff" * 0x5000


def test_esptool_raises_the_baud_rate(tmp_path: Path, flash, image):
    board = SerialBoard(flash)
    options = ("--before", "no-reset", "--after", "no-reset-stub", "--baud", "921600")
    with PtyPort(board, tmp_path / "port") as port:
        done = esptool("--port", port.path, *options, "write-flash", "0x20000", image)
        assert board.baud == 921600
    assert done.code == 0, done.text


def test_paced_port_delivers_long_read_in_pieces(tmp_path: Path, flash):
    seconds: list[float] = []
    size = 300_000
    with PtyPort(SerialBoard(flash), tmp_path / "port", pace=seconds.append) as port:
        read = ("read-flash", "0", str(size), tmp_path / "back")
        done = esptool("--port", port.path, *PTY, "--baud", "460800", *read)
    assert done.code == 0, done.text
    assert sum(seconds) > size * 10 / 460_800
    assert max(seconds) < 1.0  # esptool waits three seconds for a byte.


def test_wrong_chip_argument_is_refused(tmp_path: Path, flash, image):
    with PtyPort(SerialBoard(flash), tmp_path / "port") as port:
        done = esptool("--port", port.path, *PTY, "--chip", "esp32s3", "write-flash", "0", image)
    assert done.code == 2
    assert "This chip is ESP32, not ESP32-S3" in done.text
    assert flash.read(0, 16) == b"\xff" * 16


def test_image_beyond_flash_end_is_refused(tmp_path: Path, image):
    flash = FlashFile.create(tmp_path / "flash.bin", size=SIZE)
    with PtyPort(SerialBoard(flash), tmp_path / "port") as port:
        done = esptool("--port", port.path, *PTY, "write-flash", "0x3ff000", image)
    assert done.code == 2
    assert "will not fit" in done.text


@pytest.mark.parametrize("dead", [0xFFFFFF, 0x000000])
def test_esptool_accepts_silent_flash_chip(tmp_path: Path, flash, dead):
    with PtyPort(SerialBoard(flash, flash_id=dead), tmp_path / "port") as port:
        done = esptool("--port", port.path, *PTY, "flash-id")
    assert done.code == 0
    assert f"Manufacturer: {dead & 0xFF:02x}" in done.text
    assert "Detected flash size: Unknown" in done.text


def test_md5_detects_stuck_flash_bit(tmp_path: Path, flash, image):
    worn = WornFlash(flash.path, stuck={0x20000 + IMAGE.index(b"alink"): 0x20})
    with PtyPort(SerialBoard(worn), tmp_path / "port") as port:
        done = esptool("--port", port.path, *PTY, "write-flash", "0x20000", image)
    assert done.code == 2
    assert "MD5 of file does not match data in flash" in done.text
    assert IMAGE.replace(b"alink", b"Alink", 1) == flash.read(0x20000, len(IMAGE))


def test_pulled_cable_leaves_partial_flash(tmp_path: Path, flash, image):
    with PtyPort(SerialBoard(flash), tmp_path / "port", pull=CablePull(after=60_000)) as port:
        done = esptool("--port", port.path, *PTY, "--no-stub", "write-flash", "0x20000", image)
        assert not port.path.exists()
    assert done.code != 0
    written = flash.read(0x20000, len(IMAGE)).rstrip(b"\xff")
    assert 40_000 < len(written) < 60_000
    assert IMAGE.startswith(written)


def test_reset_lines_enter_and_leave_loader(flash):
    board = SerialBoard(flash)
    with Rfc2217Port(board) as port:
        done = esptool("--port", port.url, "--no-stub", "read-mac")
        assert board.resets == ["run", "download", "run"]
    assert done.code == 0, done.text
    assert "a0:b7:65:12:34:56" in done.text


def test_wrong_reset_sequence_skips_the_loader(tmp_path: Path, flash):
    config = tmp_path / "esptool.cfg"
    config.write_text("[esptool]\ncustom_reset_sequence = D0|R1|W0.1|R0|W0.2\n")
    board = SerialBoard(flash)
    with Rfc2217Port(board) as port:
        done = esptool("--port", port.url, "--connect-attempts", "1", "read-mac", config=config)
        assert board.resets == ["run", "run"]
    assert done.code == 2
    assert "Wrong boot mode detected (0x13)" in done.text
