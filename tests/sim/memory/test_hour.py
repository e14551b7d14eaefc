"""Every example lives an hour of its clock in the two heaps of a chip.

A project has the heap that its README names: the first area of stock MicroPython, or as boot.py
grows it. The other programs have boot.py. Without it, `web_server` never comes online, and
`modbus_gateway` does in some boots only.
"""

from __future__ import annotations

import importlib.util
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alink_formats.bytecode import compile_mpy
from alink_sim.board import Board, firmware_image
from alink_sim.board.sensors import Bme280, Dht22, Ds18b20, HcSr04
from alink_sim.clock import ManualClock
from tests.sim.conftest import SUB_PK, Rig

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
PROGRAMS = ("examples", "applications")  # Folders of programs of one file.
STOCK = "Heap: 56,000 bytes"  # The README of a project that needs no boot.py says it.
SLEEPERS = ("sleeping_sensor", "sleep_sensor")  # Ten minutes at a time.
GRAIN = 60  # Seconds of the clock between two looks: some programs poll each 20 ms.


def test_examples_live_an_hour(make_gateway_rig: Callable[..., Rig], clock: ManualClock) -> None:
    rig = make_gateway_rig(clock=clock)
    for number in range(1, 6):
        rig.platform.console.add_device(SUB_PK, f"meter-{number:03}")
        rig.platform.console.add_device(SUB_PK, f"tag-a4c13800000{number}")
    boards = {
        file: burn(rig, file) for file in sorted(EXAMPLES.glob("**/*.py")) if is_program(file)
    }
    assert len(boards) >= 20
    for board in boards.values():
        board.power_on()
    end = clock.time() + 3600
    rig.driver.run_until(lambda: clock.time() >= end, grain=GRAIN)
    dead = [board.tail(9) for file, board in boards.items() if not is_well(rig, file, board)]
    assert not dead, "\n".join(dead)


def is_program(file: Path) -> bool:
    return file.name == "main.py" if is_project(file) else file.parent.name in PROGRAMS


def is_project(file: Path) -> bool:
    return file.parent.name == "firmware" and file.parents[2].name == "projects"


def burn(rig: Rig, file: Path) -> Board:
    """Return a board with an example and its sensors."""
    name = name_of(file)
    files = {}
    main = re.sub(r"PORT = \d+", "PORT = 0", file.read_text("utf-8"))
    options: dict[str, Any] = {}
    if is_project(file):
        files = {f"/{one.name}": one.read_bytes() for one in file.parent.iterdir() if one != file}
        if STOCK in (file.parents[1] / "README.md").read_text("utf-8"):
            files["/boot.py"] = b""
    if name == "https_only":
        options = {"method": "https"}
    if name in ("web_server", "button_and_web"):
        spec = importlib.util.find_spec("microdot.microdot")
        assert spec
        assert spec.origin
        files["/lib/microdot.mpy"] = compile_mpy(Path(spec.origin), name="microdot.py")
    if name == "firmware_update":
        frozen = {"version.py": 'VERSION = "1.0.0"\n'}
        app = firmware_image.application("esp32", version="1.0.0", frozen=frozen)
        options = {"board": "ESP32_GENERIC-OTA", "app": app}
    board = rig.board(device_of(file), main=main, files=files, heap="chip", **options)
    attach(name, board)
    return board


def name_of(file: Path) -> str:
    return file.parents[1].name if is_project(file) else file.stem


def device_of(file: Path) -> str:
    return f"{file.parent.name}-{name_of(file)}"  # Two are called button.


def attach(example: str, board: Board) -> None:
    if example == "dht_logger":
        board.pin(15).attach(Dht22(temperature=-3.5, humidity=60))
    elif example == "bme280_weather":
        board.i2c(0).attach(0x76, Bme280(temperature=-12.3, pressure=950.5, humidity=33))
    elif example == "ble_scanner":
        board.ble.add("0102030405ff", name="near", rssi=-40)
    elif example == "ranger":
        HcSr04(trigger=board.pin(5), echo=board.pin(18), cm=73.5)
    elif example == "one_wire":
        board.pin(4).attach(Ds18b20(21.5, serial=7))
        board.pin(4).attach(Ds18b20(-4.25, serial=9))
    elif example == "sleep_sensor":
        board.adc(35).set_volts(1.6)
    elif example == "modbus_gateway":
        board.uart(2).attach(names_in_test(example)["MeterBus"]())
    elif example == "ble_gateway":
        for number in range(1, 6):
            data = names_in_test(example)["advertised"]("cellar", number, 90)
            board.ble.add(f"a4c13800000{number}", data=data)
    elif example in ("sleeping_sensor", "thermostat"):
        board.adc(34).set_volts(0.215)


def names_in_test(project: str) -> dict[str, Any]:
    """Return the names in the test of a project: its simulated bus, for example."""
    return runpy.run_path(str(EXAMPLES / "projects" / project / f"test_{project}.py"))


def is_well(rig: Rig, file: Path, board: Board) -> bool:
    name = name_of(file)
    kinds = rig.kinds(device_of(file))
    if name in SLEEPERS:
        return kinds.count("property_posted") >= 5
    if name == "https_only":  # A jump of GRAIN may end its one post of the hour.
        return "registered" in kinds and board.ended == "" and "memory" not in board.tail(1)
    # The clock jumps by GRAIN between a PINGREQ and the next poll of a program; nothing else may
    # end a session.
    ends = [one.text for one in board.lines if "alink: offline: " in one.text]
    pings = sum("no PINGRESP" in end for end in ends)
    return not board.has_ended and len(ends) == pings and kinds.count("online") >= max(1, pings)
