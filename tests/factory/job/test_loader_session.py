"""One reset into the loader and one upload of the stub serve all steps of a job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

import pytest

from alink_factory.board import program
from alink_factory.board.esptool import Esptool
from alink_factory.errors import BoardError
from alink_factory.image.region import Region
from alink_factory.job import job, update, verify, wipe
from alink_factory.job.order import Order
from alink_factory.job.progress import Progress
from alink_sim.board.serial import PtyPort, Rfc2217Port, SerialBoard
from alink_sim.clock import ManualClock
from tests.factory.workshop import Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
FCTRY, FCTRY_SIZE = 0x1FB000, 0x3000
FIRST, OTHER = "a0b765123456", "b" * 12


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[program.Program]]:
    """The programs that the line has started, oldest first."""
    started: list[program.Program] = []

    class Program(program.Program):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(program, "Program", Program)
    yield started
    assert all(one._process.poll() is not None for one in started)


def test_each_command_resets_and_uploads_once(workshop: Workshop, quick_rfc2217):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=30_000))
    board = SerialBoard(workshop.flash(), mac=FIRST)
    clock = ManualClock()
    with Rfc2217Port(board, pace=clock.advance) as port:
        _use(workshop, order, port, board)
    assert clock.monotonic() > 4 * board.duration(6_000)  # Each stub, at 115,200 baud.


def _use(workshop: Workshop, order: Order, port: Rfc2217Port, board: SerialBoard) -> None:
    made = burn(order, port)
    assert made.result == "done", made
    # Blank flash was compared by MD5; the certificate was read back.
    assert astuple(board.counts)[:3] == (1, 1, FCTRY_SIZE)
    assert board.resets == ["run", "download", "run"]
    checks = verify.check(order.plan, order.ledger, order.esptool(port.url))
    assert all(one.is_good for one in checks)
    order.plan = workshop.plan(rows=ROWS, firmware=40_000)
    assert update.update(order, port.url).written == ("factory",)
    assert board.resets[-1] == "run"
    wipe.wipe(order.plan, order.ledger, order.esptool(port.url), reason="x", again=False)
    assert (board.counts.resets, board.counts.stubs) == (4, 4)


def test_blank_range_is_not_read(workshop: Workshop):
    flash = workshop.flash()
    port = workshop.pty(flash)
    with Esptool(str(port.path), scratch=workshop.folder) as esptool:
        assert esptool.read(0x9000, 0x6000)[1] == b"\xff" * 0x6000
        assert port._board.counts.bytes_read == 0
        flash.write(0xEFFF, b"\xfe")  # The last byte of the range.
        assert esptool.read(0x9000, 0x6000)[1] == b"\xff" * 0x5FFF + b"\xfe"
        assert port._board.counts.bytes_read == 0x6000


def test_first_sector_tells_another_firmware(workshop: Workshop):
    flash = workshop.flash()
    port = workshop.pty(flash)
    counts = port._board.counts
    firmware = Region(0x10000, "application", b"new" * 100_000)
    with Esptool(str(port.path), scratch=workshop.folder) as esptool:
        assert esptool.differing([firmware]) == ["application"]
        assert counts.bytes_hashed == 4096
        flash.burn(firmware.offset, firmware.data)
        assert esptool.differing([firmware]) == []
        assert counts.bytes_hashed == 2 * 4096 + 300_000
        flash.write(firmware.offset + 299_999, b"\0")
        assert esptool.differing([firmware]) == ["application"]


@pytest.mark.parametrize("step", ["imaged", "writing"])
def test_killed_program_fails_board_until_next_attempt(workshop: Workshop, programs, step):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=300_000))
    port = workshop.pty(workshop.flash(), mac=FIRST)

    def kill(now: Progress) -> None:
        if now.name == step and (step == "imaged" or now.share > 0.1):
            programs[0]._process.kill()

    outcome = job.burn(order, str(port.path), report=kill)
    assert (outcome.result, outcome.is_final) == ("failed", False)
    assert outcome.detail.startswith("esptool failed: ")
    assert "plug the board in again" in outcome.advice
    again = burn(order, port)
    assert (again.result, again.device_name) == ("done", "lamp-0001")
    assert len(order.ledger.claims()) == 1


def test_exchanged_board_is_neither_written_nor_erased(workshop: Workshop, programs):
    port = workshop.pty(workshop.flash(), mac=FIRST)
    flash = workshop.flash()
    flash.burn(0, b"another board")
    other = PtyPort(SerialBoard(flash, mac=OTHER), port.path)
    with Esptool(str(port.path), scratch=workshop.folder) as esptool:
        assert esptool.identify().mac == FIRST
        port.unplug()
        with other:
            for change in (
                lambda: esptool.write([Region(FCTRY, "identity", b"secret")]),
                esptool.erase,
            ):
                with pytest.raises(BoardError, match=f"changed from {FIRST} to {OTHER}"):
                    change()
            assert flash.read(0, 13) == b"another board"
            assert flash.read(FCTRY, 6) == b"\xff" * 6


def test_write_does_not_go_on_with_another_board(workshop: Workshop, programs):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=300_000))
    port = workshop.pty(workshop.flash(), mac=FIRST)
    flash = workshop.flash()
    other = PtyPort(SerialBoard(flash, mac=OTHER), port.path)

    def change(now: Progress) -> None:
        if now.name == "writing" and now.share > 0.1 and other._board.mode == "off":
            port.unplug()
            other.plug()

    outcome = job.burn(order, str(port.path), report=change)
    assert other._board.mode == "download"
    other.unplug()
    assert outcome.result == "failed"
    assert flash.read(0, flash.size) == b"\xff" * flash.size


def test_replugged_board_goes_on_with_new_stub(workshop: Workshop, programs):
    order = workshop.order(workshop.plan(rows=ROWS))
    flash = workshop.flash()
    port = workshop.pty(flash, mac=FIRST)

    def replug(now: Progress) -> None:
        if now.name == "writing" and port._board.counts.resets == 1:
            port.unplug()
            port.plug()

    outcome = job.burn(order, str(port.path), report=replug)
    assert (outcome.result, outcome.device_name) == ("done", "lamp-0001"), outcome
    assert (port._board.counts.stubs, len(programs)) == (2, 1)
