"""No space left: on a disk that is really full, each failure is a sentence and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alink_factory.errors import BatchError
from alink_factory.job import export
from alink_factory.ledger import Ledger, Station
from tests.factory.line_program import LineProgram
from tests.factory.workshop import Workshop, burn

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
SIZE = 1 << 20


class Disk:
    """A small disk: `folder` is on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave not a byte."""
        with self._ballast.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(4096))
                except OSError:
                    return

    def empty(self) -> None:
        """Make room again."""
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(reason="there is no program mount")
    if done.returncode:
        pytest.skip(reason=f"a small disk cannot be mounted: {done.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def ledger_on(disk: Disk) -> Ledger:
    return Ledger(str(disk.folder / "ledger.db"), station=Station("bench-1", "mei"))


def test_line_continues_after_full_disk(workshop, disk, monkeypatch):
    monkeypatch.setenv("ALINK_LEDGER", str(disk.folder / "ledger.db"))
    with LineProgram(workshop, ports=2, boards=2, rows=ROWS, firmware=300_000) as run:
        run.until(event="step", name="writing")
        disk.fill()
        code, _, err = run.rest()
        assert code == 2
        assert err.startswith(f"alink-burn: the ledger {disk.folder}/ledger.db cannot be used (")
        assert err.endswith("free space on the disk, then start again\n")
        assert err.count("\n") == 1
        disk.empty()
        begun = {claim.mac: claim.row for claim in ledger_on(disk).claims()}
        assert begun
        run.again()
        assert run.rest()[0] == 0
    claims = ledger_on(disk).claims()
    assert [claim.state for claim in claims] == ["done", "done"]
    assert begun.items() <= {claim.mac: claim.row for claim in claims}.items()


def test_full_disk_of_ledger_is_one_sentence(workshop, disk):
    ledger_on(disk).close()
    disk.fill()
    batch = workshop.batch(rows=ROWS)
    for name in ("ledger.db", "new.db"):
        done = subprocess.run(
            [sys.executable, "-m", "alink_factory", "plan", batch, "--ledger", disk.folder / name],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "free space" in done.stderr


def test_full_scratch_disk_stops_no_board(workshop, disk):
    order = workshop.order(workshop.plan(rows=ROWS, firmware=300_000))
    order.scratch = disk.folder
    disk.fill()  # An image goes to esptool through a pipe.
    outcome = burn(order, workshop.pty(workshop.flash()))
    assert (outcome.result, outcome.device_name) == ("done", "lamp-0001"), outcome


def test_half_an_image_is_not_kept(workshop, disk):
    plan = workshop.plan(rows=ROWS)
    made = export.export(plan, workshop.ledger(), row="lamp-0001", mac="", flash_size=4 << 20)
    target = disk.folder / "lamp.bin"
    assert len(made.data) > SIZE
    with pytest.raises(BatchError, match=r"lamp\.bin: No space left on device"):
        export.save(made, target)
    assert not target.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("verb", [("plan",), ("report",), ("run", "--json")])
def test_unwritable_output_is_one_sentence(workshop: Workshop, verb):
    batch = workshop.batch(rows=ROWS)
    workshop.ledger()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "alink_factory", *verb, batch],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    says = "alink-burn: standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, says)


def test_closed_output_stops_line_after_current_boards(workshop):
    with LineProgram(workshop, ports=1, boards=2, rows=ROWS, firmware=100_000) as run:
        run.until(event="step", name="imaged")
        assert run.process.stdout
        run.process.stdout.close()
        assert run.process.stderr
        err = run.process.stderr.read()
        assert run.process.wait() == 1
    assert "Traceback" not in err
    assert [claim.state for claim in workshop.ledger().claims()] == ["done"]
