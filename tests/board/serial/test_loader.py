"""The serial loader packet by packet, and DTR and RTS that start it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from alink_sim.board import FlashFile
from alink_sim.board.serial import Cable, CablePull, SerialBoard
from alink_sim.board.serial.reset_lines import ResetLines
from alink_sim.board.serial.slip import SlipDecoder, encode

STUB_AT = 0x400BE000


class Host:
    """A host of a board in download mode; it stores the responses."""

    def __init__(self, board: SerialBoard) -> None:
        self._packets: list[bytes] = []
        self._decoder = SlipDecoder()
        board.reset(download=True)
        board.output = self._take
        self.board = board

    def _take(self, data: bytes) -> None:
        self._packets += self._decoder.feed(data)

    def ask(self, command: int, body: bytes = b"", *, checksum: int = 0) -> list[bytes]:
        """Return the responses to a command."""
        self._packets.clear()
        self.board.feed(encode(struct.pack("<BBHI", 0, command, len(body), checksum) + body))
        return list(self._packets)

    def status(self, command: int, body: bytes = b"", *, checksum: int = 0) -> bytes:
        """Return the two status bytes of a single response: failure flag and reason."""
        (answer,) = self.ask(command, body, checksum=checksum)
        return answer[-4:-2] if not self.board.runs_stub else answer[-2:]

    def block(self, command: int, data: bytes, sequence: int) -> bytes:
        """Send a block with its right checksum, return the status."""
        checksum = 0xEF
        for byte in data:
            checksum ^= byte
        head = struct.pack("<IIII", len(data), sequence, 0, 0)
        return self.status(command, head + data, checksum=checksum)


@pytest.fixture
def flash(tmp_path: Path) -> FlashFile:
    return FlashFile.create(tmp_path / "flash.bin", size=0x4000)


@pytest.fixture
def host(flash: FlashFile) -> Host:
    return Host(SerialBoard(flash))


def test_slip_escapes_both_ways():
    assert encode(b"\x01\xc0\xdb\x02") == b"\xc0\x01\xdb\xdc\xdb\xdd\x02\xc0"
    decoder = SlipDecoder()
    assert decoder.feed(b"\xc0\x01\xdb") == []
    assert decoder.feed(b"\xdc\xdb\xdd\xdc\x02\xc0\xc0\x03\xc0") == [
        b"\x01\xc0\xdb\xdc\x02",
        b"\x03",
    ]


def test_sync_gets_eight_responses(host: Host):
    answers = host.ask(0x08, b"\x07\x07\x12\x20" + b"\x55" * 32)
    assert answers == [bytes.fromhex("01080400 07071220 00000000")] * 8


def test_esp32_rom_rejects_get_security_info(host: Host):
    assert host.ask(0x14) == [bytes.fromhex("01000400 00000000 01050000")] * 8


def test_other_roms_say_their_chip_id(flash: FlashFile):
    (answer,) = Host(SerialBoard(flash, chip="esp32c3")).ask(0x14)
    assert struct.unpack_from("<I", answer, 8 + 12) == (5,)


def test_block_with_wrong_checksum_is_not_written(host: Host, flash: FlashFile):
    assert host.status(0x02, struct.pack("<IIII", 4, 1, 4, 0x1000)) == b"\0\0"
    body = struct.pack("<IIII", 4, 0, 0, 0) + b"data"
    assert host.status(0x03, body, checksum=0) == b"\x01\x07"
    assert flash.read(0x1000, 4) == b"\xff" * 4


def test_block_out_of_order_is_refused(host: Host):
    host.status(0x02, struct.pack("<IIII", 8, 2, 4, 0x1000))
    assert host.block(0x03, b"data", 0) == b"\0\0"
    assert host.block(0x03, b"data", 2) == b"\x01\x06"


def test_block_before_begin_is_refused(host: Host):
    assert host.block(0x03, b"data", 0) == b"\x01\x06"


def test_download_outside_flash_is_refused(host: Host):
    assert host.status(0x02, struct.pack("<IIII", 8, 2, 4, 0x3FFC)) == b"\x01\x06"


def test_malformed_deflate_stream_is_refused(host: Host):
    assert host.status(0x10, struct.pack("<IIII", 8, 1, 4, 0)) == b"\0\0"
    assert host.block(0x11, b"none", 0) == b"\x01\x0b"


def test_deflated_stream_is_written(host: Host, flash: FlashFile):
    packed = zlib.compress(bytes(1000))
    host.status(0x10, struct.pack("<IIII", 1000, 1, len(packed), 0x1000))
    assert host.block(0x11, packed, 0) == b"\0\0"
    assert flash.read(0x1000, 1001) == bytes(1000) + b"\xff"


def test_incomplete_stub_does_not_greet(host: Host):
    host.status(0x05, struct.pack("<IIII", 8, 2, 4, STUB_AT))
    host.block(0x07, b"half", 0)
    assert len(host.ask(0x06, struct.pack("<II", 0, STUB_AT))) == 1
    assert not host.board.runs_stub


def test_complete_stub_greets_and_takes_over(host: Host):
    host.status(0x05, struct.pack("<IIII", 4, 1, 4, STUB_AT))
    host.block(0x07, b"code", 0)
    assert host.ask(0x06, struct.pack("<II", 0, STUB_AT))[1] == b"OHAI"
    assert host.status(0xD1, struct.pack("<II", 0, 0x1000)) == b"\0\0"
    assert host.status(0x42) == b"\x01\xff"


def test_rom_rejects_stub_commands(host: Host):
    assert host.ask(0xD0) == [bytes.fromhex("01000400 00000000 01050000")] * 8


def test_end_of_download_can_start_program(host: Host):
    host.status(0x04, struct.pack("<I", 1))
    assert host.board.mode == "download"
    host.ask(0x04, struct.pack("<I", 0))
    assert host.board.mode == "run"


def test_running_program_ignores_loader_requests(flash: FlashFile):
    host = Host(SerialBoard(flash))
    host.board.reset(download=False)
    assert host.ask(0x08, b"\x07\x07\x12\x20" + b"\x55" * 32) == []


# --------------------------------------------------------------------------------- DTR and RTS

CLASSIC = ["d", "R", "D", "r", "d"]  # Capital: asserted.
HARD = ["d", "R", "r"]


@pytest.mark.parametrize(
    ("sequence", "resets"),
    [
        (CLASSIC, ["download"]),
        (HARD, ["run"]),
        (["D", "R"], []),  # A host that opens a port does this.
        (["D", "R", "r", "d"], []),
        (["D", "d", "R", "r"], ["run"]),
        ([*CLASSIC, *HARD], ["download", "run"]),
    ],
)
def test_dtr_and_rts_start_the_chip(flash: FlashFile, sequence, resets):
    board = SerialBoard(flash)
    lines = ResetLines(board)
    for step in sequence:
        lines.set(**{{"d": "dtr", "r": "rts"}[step.lower()]: step.isupper()})
    assert board.resets == resets


def test_pulled_cable_carries_nothing():
    cable = Cable(CablePull(after=3))
    assert [cable.carry(b"ab"), cable.is_pulled] == [b"ab", False]
    assert [cable.carry(b"cd"), cable.is_pulled, cable.carry(b"e")] == [b"c", True, b""]
