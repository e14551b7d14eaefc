"""From a batch to a device that is online: the very flash that the real tools wrote boots."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_factory.board import boot_check, ports, program
from alink_factory.board.mpremote import Mpremote
from alink_factory.cli import app
from alink_factory.errors import BoardError
from alink_factory.job import job
from alink_factory.job.progress import Outcome
from alink_factory.line import Line
from alink_factory.screen.log_lines import LogLines
from alink_formats import identity
from alink_formats.identity import Identity
from alink_sim.board import Board, burn, firmware_image
from alink_sim.board.serial import Rfc2217Port
from alink_sim.platform import Platform
from alink_sim.sntp import SntpServer
from tests.factory import boards
from tests.factory.workshop import KEY, Workshop

pytestmark = pytest.mark.interop

ROWS = "DeviceName\nlamp-0001\nlamp-0002\n"
ONLINE = re.compile(r"^alink: online at ")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with Platform(state=tmp_path / "platform") as made:
        yield made


@pytest.fixture
def product(platform: Platform, tmp_path: Path) -> Iterator[str]:
    ntp = SntpServer()
    ntp.start()
    yield boards.product(platform, ntp, tmp_path)
    ntp.stop()


def _is_online(board: Board, platform: Platform, name: str) -> bool:
    board.expect(ONLINE)
    kinds = [event.kind for event in platform.events(device_name=name)]
    return "registered" in kinds and "online" in kinds


@pytest.mark.parametrize(
    ("kind", "build"), [("ESP32_GENERIC", "unix32"), ("ESP32_GENERIC_S3-OTA", "unix64")]
)
def test_burned_board_registers_and_is_online(
    workshop: Workshop, platform: Platform, product: str, kind: str, build: str
):
    platform.console.add_device(KEY, "lamp-0001")
    plan = workshop.plan(rows=ROWS, firmware=60_000, board=kind, product=product)
    board, serial = boards.blank(workshop.folder, build=build, board=kind)
    with boards.pty(board, serial, download=True) as port:
        outcome = job.burn(workshop.order(plan), str(port.path), report=lambda _: None)
        assert outcome.result == "done", outcome
        serial.reset(download=False)  # A finger on EN: a pty has no reset lines.
        assert _is_online(board, platform, "lamp-0001")


def test_wiped_and_reset_board_registers_again(
    workshop: Workshop, platform: Platform, product: str, monkeypatch
):
    monkeypatch.setenv("NO_PROXY", "*")  # The client would take a proxy even to 127.0.0.1.
    platform.console.add_device(KEY, "lamp-0001")
    batch = workshop.batch(rows=ROWS, firmware=30_000, product=product)
    key = boards.access_key(platform, workshop.folder)
    board, serial = boards.blank(workshop.folder)
    with boards.pty(board, serial, download=True) as port:
        flash = CliRunner().invoke(app, ["flash", str(batch), "--port", str(port.path)])
        assert flash.exit_code == 0, flash.output
        serial.reset(download=False)
        assert _is_online(board, platform, "lamp-0001")
        assert platform.console.device(KEY, "lamp-0001").registered
        serial.reset(download=True)
        command = ["wipe", str(batch), "--port", str(port.path), "--fresh", "--reset-cloud"]
        command += ["--name", "lamp-0001"]
        command += ["--endpoint", f"http://127.0.0.1:{platform.openapi_port}"]
        wiped = CliRunner().invoke(app, [*command, "--access-key", str(key)])
        assert wiped.exit_code == 0, wiped.output
        assert f"lamp-0001 of {KEY}: it may register again." in wiped.output
        assert not platform.console.device(KEY, "lamp-0001").registered
        serial.reset(download=False)
        platform.expect("registered", device_name="lamp-0001")


@pytest.mark.usefixtures("quick_rfc2217")
def test_flash_over_rfc2217_checks_the_boot(workshop: Workshop, platform: Platform, product: str):
    platform.console.add_device(KEY, "lamp-0001")
    batch = workshop.batch(rows=ROWS, firmware=30_000, product=product)
    board, serial = boards.blank(workshop.folder)
    with Rfc2217Port(serial) as port:
        done = CliRunner().invoke(
            app, ["flash", str(batch), "--port", port.url, "--boot-check", "--json"]
        )
        assert done.exit_code == 0, done.output
        assert _is_online(board, platform, "lamp-0001")
    entries = {entry.what: entry for entry in workshop.ledger().entries()}
    assert entries["booted"].detail == f"lamp-0001, SDK {boot_check.sdk_version()}"
    assert "done" in entries


def test_parallel_boards_boot_with_their_own_names(workshop: Workshop, monkeypatch):
    product = 'host = "127.0.0.1"\nport = 1'  # No server: the check does not need a network.
    tests = '[[tests]]\nname = "file"\nrepl = "print(len(open(\'main.py\').read()))"\nmin = 9\n'
    plan = workshop.plan(rows=ROWS, firmware=60_000, product=product, more=tests)
    order = workshop.order(plan, boot_check=boot_check.check)
    blank = [boards.blank(workshop.folder) for _ in range(2)]
    events = io.StringIO()
    with ExitStack() as plugged:
        found = [plugged.enter_context(boards.pty(*one, download=True)) for one in blank]
        serials = {str(port.path): serial for port, (_, serial) in zip(found, blank, strict=True)}
        monkeypatch.setattr(  # A finger on EN.
            boot_check, "_reset", lambda _, port: serials[port].reset(download=False)
        )
        line = Line(order, ports.named(list(serials)), LogLines(events, as_json=True))
        assert line.run(), events.getvalue()
    version = boot_check.sdk_version()
    booted = {entry.port: entry for entry in order.ledger.entries() if entry.what == "booted"}
    assert booted.keys() == serials.keys()
    assert {entry.device_name for entry in booted.values()} == {"lamp-0001", "lamp-0002"}
    entries = order.ledger.entries()
    tested = {entry.port: entry.detail for entry in entries if entry.what == "tested"}
    length = len(plan.files["/main.py"])
    assert tested == dict.fromkeys(serials, f"file {length}")
    for entry in booted.values():
        assert entry.detail == f"{entry.device_name}, SDK {version}"


@pytest.mark.parametrize("build", ["unix64", "unix32"])
def test_a_board_with_micropython_is_burned_through_mpremote(
    workshop: Workshop, platform: Platform, product: str, build: str
):
    platform.console.add_device(KEY, "lamp-0001")
    plan = workshop.plan(rows=ROWS, layout="stock", product=product)
    board, serial = boards.blank(workshop.folder, build=build)
    _run_stock(board)
    with boards.pty(board, serial, download=False) as port:
        order = workshop.order(plan, over_repl=True)
        outcome = job.burn(order, str(port.path), report=lambda _: None)
        assert outcome.result == "done", outcome
        assert outcome.written[0] == "identity"
        assert "/lib/alink/device.mpy" in outcome.written
        assert _is_online(board, platform, "lamp-0001")
        again = job.burn(order, str(port.path), report=lambda _: None)
        assert again.result == "already", again.detail
    what = [entry.what for entry in order.ledger.entries()]
    assert what[:6] == ["claimed", "imaged", "writing", "written", "verified", "done"]
    assert not list(order.scratch.iterdir())


def _run_stock(board: Board) -> None:
    # Make it a board with stock MicroPython.
    image = firmware_image.published(board.definition)
    board.flash.burn(board.definition.firmware_offset, image)
    burn(board.flash, board.definition, layout="stock", identity=None, files={})


def test_only_changed_files_are_copied(workshop: Workshop):
    (workshop.folder / "app").mkdir()
    main = workshop.folder / "app" / "main.py"
    main.write_text("print('one')\n")
    more = '[app]\nfolder = "app"'
    board, serial = boards.blank(workshop.folder)
    _run_stock(board)
    with boards.pty(board, serial, download=False) as port:
        order = workshop.order(workshop.plan(rows=ROWS, layout="stock", more=more), over_repl=True)
        assert job.burn(order, str(port.path), report=lambda _: None).result == "done"
        claim = order.ledger.claims()[0]
        order.ledger.advance(claim, "written")  # As if the line had been cut off here.
        main.write_text("print('two')\n")
        order.plan = workshop.plan(rows=ROWS, layout="stock", more=more)
        outcome = job.burn(order, str(port.path), report=lambda _: None)
        assert (outcome.result, outcome.written) == ("done", ("/main.py",)), outcome
    assert board.vfs_files()["/main.py"] == b"print('two')\n"


def test_finished_board_without_identity_is_refused(workshop: Workshop):
    board, serial = boards.blank(workshop.folder)
    _run_stock(board)
    with boards.pty(board, serial, download=False) as port:
        order = workshop.order(workshop.plan(rows=ROWS, layout="stock"), over_repl=True)

        def again() -> Outcome:
            return job.burn(order, str(port.path), report=lambda _: None)

        assert again().result == "done"
        assert again().result == "already"
        _run_stock(board)  # Stock firmware was burned over it.
        outcome = again()
    assert "is finished as lamp-0001, but its flash does not contain lamp-0001" in outcome.detail


def test_facts_of_board_are_not_in_failure(workshop: Workshop, monkeypatch):
    def run(_: list[str], *, on_line: Callable[[str], None], **__: object) -> int:
        on_line("mpremote: gone")
        on_line('alink-burn:{"cert": "68757368"}')
        return 1

    monkeypatch.setattr(program, "run", run)
    with pytest.raises(BoardError, match=r"mpremote failed: mpremote: gone$"):
        Mpremote("tty", scratch=workshop.folder).look()


@pytest.mark.parametrize("is_in_nvs", [True, False])
def test_a_board_of_another_identity_is_left_alone(workshop: Workshop, is_in_nvs: bool):
    board, serial = boards.blank(workshop.folder)
    _run_stock(board)
    other = Identity(product_key=KEY, product_secret="x", device_name="other-1")
    files = {} if is_in_nvs else {"/alink.cert": identity.encode(other)}
    owner = other if is_in_nvs else None
    burn(board.flash, board.definition, layout="stock", identity=owner, files=files)
    start = 0 if is_in_nvs else 0x10000  # MicroPython itself makes a blank NVS its own.
    before = board.flash.read(start, board.flash.size - start)
    with boards.pty(board, serial, download=False) as port:
        order = workshop.order(workshop.plan(rows=ROWS, layout="stock"), over_repl=True)
        outcome = job.burn(order, str(port.path), report=lambda _: None)
    assert outcome.result == "failed"
    assert "the board carries another identity: other-1" in outcome.detail
    assert board.flash.read(start, len(before)) == before
    assert order.ledger.claims() == []
