"""The lane of QEMU: its harness on a stand-in, and official firmware if QEMU is there."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from alink_formats import board as definitions
from alink_formats.sources import boards_dir
from alink_sim import lanes, qemu_board
from alink_sim.board import BoardError, firmware_image
from alink_sim.qemu_board import QemuBoard
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
FAKE = [sys.executable, "-m", "tests.board.serial.fake_qemu"]
WATCHDOG_OFF = ["-global", "driver=timer.esp32.timg,property=wdt_disable,value=true"]

TESTS = """
MAIN = '''
from alink import Device

device = Device.from_flash()
device.connect()
device.post_properties({"t": 1})
print("posted")
device.loop()
'''

def test_power_cut_costs_no_second_registration(iot_platform, factory_flash):
    board = factory_flash("dev-1", main=MAIN)
    board.power_on()
    board.expect("posted")
    iot_platform.expect("property_posted", device_name="dev-1")
    board.power_off()
    assert board.has_ended
    board.power_on()
    board.expect("posted")
    assert len(iot_platform.events(kind="registered")) == 1

def test_layout_and_method_are_those_of_the_line(iot_platform, factory_flash):
    one = factory_flash("dev-1", main=MAIN, layout="stock", method="https")
    other = factory_flash("dev-2", main=MAIN)
    for board in (one, other):
        board.power_on()
    for board in (one, other):
        board.expect("posted")

def test_pin_is_skipped(board):
    board.pin(4)
"""


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """Return an image as MicroPython publishes them, with an application that does not run."""
    image = tmp_path / "firmware.bin"
    definition = definitions.load(boards_dir() / "ESP32_GENERIC")
    image.write_bytes(firmware_image.published(definition))
    return image


def run(folder: Path, firmware: Path, *options: str, **more: str) -> str:
    """Run pytest in a folder on the stand-in; return what it printed."""
    inherited = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    lane = {lanes.QEMU: shlex.join([*FAKE, *WATCHDOG_OFF]), lanes.FIRMWARE: str(firmware)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=inherited | {"PYTHONPATH": str(ROOT)} | lane | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


@pytest.mark.interop
def test_lane_runs_the_tests_of_a_user(firmware: Path, tmp_path: Path):
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "test_user.py").write_text(textwrap.dedent(TESTS))
    (folder / "pytest.ini").write_text("[pytest]\n")
    # The stand-in runs in the network of this computer.
    options = ("-n", "0", "--alink-host", "localhost", "--alink-wifi", "PICSimLabWifi:")
    said = run(folder, firmware, *options)
    assert "2 passed, 1 skipped" in said, said
    assert "board.pin needs a simulated board; ALINK_QEMU runs another one" in said


def test_half_a_lane_is_one_sentence(request: pytest.FixtureRequest, monkeypatch):
    monkeypatch.setenv(lanes.QEMU, "qemu-system-xtensa")
    monkeypatch.setenv(lanes.FIRMWARE, "")
    with pytest.raises(pytest.UsageError, match="ALINK_FIRMWARE is '': set both, a command"):
        lanes.chosen(request.config)


def test_boot_joins_the_ethernet_of_the_emulator(monkeypatch, capsys):
    made: list[dict[str, object]] = []
    lan = SimpleNamespace(active=lambda on: made.append({"active": on}), isconnected=lambda: True)
    network = ModuleType("network")
    monkeypatch.setitem(sys.modules, "network", network)
    exec(qemu_board._JOIN)  # noqa: S102
    assert "use --alink-wifi" in capsys.readouterr().out

    def join(**options: object) -> SimpleNamespace:
        made.append(options)
        return lan

    vars(network).update(PHY_OPENETH=9, LAN=join)
    exec(qemu_board._JOIN)  # noqa: S102
    assert made == [{"phy_type": 9, "phy_addr": 1}, {"active": True}]
    assert capsys.readouterr().out == ""


def test_emulator_that_does_not_start_tells_why(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(ROOT)
    flash = tmp_path / "flash.bin"
    flash.write_bytes(b"\xff" * 1000)
    machine = [
        "-machine",
        "esp32",
        "-nographic",
        "-monitor",
        "none",
        "-nic",
        "user,model=open_eth",
    ]
    drive = ["-drive", f"file={flash},if=mtd,format=raw"]
    for command, sentence in (
        ([*FAKE, *machine, *drive], "only 2, 4, 8, 16 MB images are supported"),
        ([*FAKE, "-machine", "none"], "invalid choice: 'none'"),
        ([str(tmp_path / "absent")], "No such file or directory"),
    ):
        board = QemuBoard(command, device_name="dev-1")
        with pytest.raises(BoardError, match=sentence):
            board.power_on()
        assert board.has_ended


@pytest.mark.interop
def test_official_firmware_comes_online(request: pytest.FixtureRequest):
    lane = lanes.chosen(request.config)
    if not lane or not lane.qemu:
        missing = "ALINK_QEMU and ALINK_FIRMWARE are not set: docs/how-to/test-on-other-boards.md"
        pytest.skip(reason=missing)
    platform = request.getfixturevalue("iot_platform")
    board = request.getfixturevalue("board")
    board.power_on()
    board.expect("alink: online")
    platform.expect("property_posted", device_name=board.device_name)


def test_emulated_board_finds_this_computer():
    lane = lanes.Lane(lanes.QEMU, "", "qemu", "image.bin", qemu_board.HOST, "")
    assert lane.listen
    assert (lane.listen.host, lane.listen.san) == ("127.0.0.1", ("10.0.2.2",))


def test_switched_off_emulator_leaves_no_thread():
    # One that waits for the end of the emulator would connect to the port of the next one.
    connect = (
        "import socket, sys, time; _, host, port = sys.argv[-1].split(':'); "
        "serial = socket.create_connection((host, int(port))); time.sleep(600)"
    )
    before = set(threading.enumerate())
    board = QemuBoard([sys.executable, "-c", connect], device_name="dev-1")
    board.power_on()
    board.power_off()
    assert set(threading.enumerate()) <= before
