"""The radio of a run: orders at the command line, and the same from a file of faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from alink_sim import cli
from tests.workbench.board_run import running

MAIN = """
import network, time
from alink import Device

station = network.WLAN(network.STA_IF)
station.active(True)
station.connect("home", "password")
seen = None
while True:
    status = station.status()
    if status != seen:
        print("status", status)
        seen = status
    time.sleep_ms(20)
"""
FAULTS = """
[[fault]]
kind = "throttle"
times = 1

[[board]]
order = "wifi network home changed"

[[board]]
order = "wifi network home password"
after = 1.5

[[board]]
order = "wifi dhcp seven"
after = 2
name = "board-1"
"""


def test_fault_file_and_orders_change_radio(application: Path, tmp_path: Path):
    (application / "main.py").write_text(MAIN)
    faults = tmp_path / "faults.toml"
    faults.write_text(FAULTS)
    with running(application, "--faults", faults) as run:
        run.says("status 202")
        run.says("status 1010")
        run.says("the delay is 'seven'; write a number, such as 5, for 5 seconds")
        run.type("wifi network away secret\n")
        run.says("status 20[01]")
        run.type("wifi sideways\nwfi off\n")
        run.says("the states are off, on, mute, weak, captive")
        run.says("order is 'wfi'; did you mean wifi")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[board]]\nordr = "reset"\n', "board.0.ordr is not a known key: did you mean order?"),
        ('[[fault]]\nkind = "refus"\n', "fault 1: kind is 'refus'; did you mean refuse?"),
        ('[[board]]\norder = "wifi off"\nafter = -1\n', "board.0.after"),
    ],
)
def test_wrong_fault_file_gets_a_sentence(
    application: Path, tmp_path: Path, text: str, sentence: str
):
    faults = tmp_path / "faults.toml"
    faults.write_text(text)
    done = CliRunner().invoke(cli.app, ["board", "run", str(application), "--faults", str(faults)])
    assert done.exit_code == 2
    assert sentence in done.output
