"""How `alink-sim board run` registers and steers boards: methods, heap, many boards, orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from alink_sim.workbench import project
from tests import interpreters
from tests.workbench.board_run import running

MAIN = """
from alink import Device

device = Device.from_flash()
device.connect()
print("online by", METHOD)
device.loop()
"""


@pytest.fixture
def fan(tmp_path: Path) -> Path:
    """A new project, whose board posts and takes a target."""
    project.write(tmp_path / "fan")
    return tmp_path / "fan"


def test_orders_reach_cloud_radio_and_clock(fan: Path):
    with running(fan, "--set", "adc34=0.68") as run:
        run.says("registered by register")
        run.says(r"online at .*, session 1")
        run.type("expect post 1 answered\ncloud set target=21\n")
        run.says("target is now 21")
        run.type("cloud set target=99\ncloud call Nothing\ncloud show\n")
        run.says("target is 99: use float 5..30")
        run.says("Nothing is not a service of the thing model")
        run.says(r'board-1: \{.*"temperature": 18')
        run.type("wifi off\nexpect offline\nwifi on\n")
        run.says(r"online at .*, session 2")
        run.type("clock +1d\n")
        run.says(r"online at .*, session 3")


def test_many_boards_register_without_preregistration(fan: Path):
    with running(fan, "--method", "regnwl", "--count", "9") as run:
        run.type("expect post 1 answered\ncloud show\nclock +1d\n@board-9 reset\n")
        for number in range(1, 10):
            run.says(rf'board-{number}: \{{.*"temperature"')
        run.says("this clock cannot be advanced: run up to 8 boards")
        run.says(r"board-9\| .*online at")


def test_https_registers_in_the_heaps_of_a_chip(fan: Path):
    interpreters.require("chip32")
    (fan / "firmware" / "main.py").write_text(
        "import esp32\nprint('regions', len(esp32.idf_heap_info(esp32.HEAP_DATA)))\n"
        + MAIN.replace("METHOD", "'https'")
    )
    with running(fan, "--method", "https", "--heap", "chip") as run:
        run.says("regions 5")
        run.says("registered by https")
        run.says("online by https")
