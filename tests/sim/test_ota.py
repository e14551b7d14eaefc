"""Updates over the air from a publish to the version that runs, on two slots of a real flash."""

from __future__ import annotations

from pathlib import Path

from alink_sim.board import Board, firmware_image
from alink_sim.board.heap import beside_standins
from alink_sim.platform.event_log import Event
from tests.sim.conftest import PATIENCE, Line

EXAMPLE = (Path(__file__).resolve().parents[2] / "examples" / "ota.py").read_text("utf-8")

# An image whose version is 2.0.0 and whose trial ends without a session.
BROKEN = EXAMPLE.replace("device.connect()", 'device.connect() if VERSION == "1.0.0" else reset()')
BROKEN = "from machine import reset\n" + BROKEN


def image(version: str, size: int = 48_000) -> bytes:
    frozen = {"version.py": f'VERSION = "{version}"\n'}
    return firmware_image.application("esp32", size=size, seed=len(version), frozen=frozen)


def lamp(line: Line, main: str = EXAMPLE, name: str = "dev-1") -> Board:
    """Burn a board with two slots, 1.0.0 in the first."""
    heap = beside_standins(line.interpreter)
    kind = "ESP32_GENERIC-OTA"
    made = line.board(name, main=main, heap=heap, board=kind, app=image("1.0.0"))
    made.resolve(["*.aliyuncs.com 127.0.0.1", "localhost 127.0.0.1"])
    return made


def status(line: Line, name: str = "dev-1") -> tuple[str, int]:
    task = line.platform.ota.tasks(line.product_key, name)[-1]
    return task.status, task.progress


def seen(line: Line, *kinds: str) -> list[Event]:
    return [one for one in line.platform.events(device_name="dev-1") if one.kind in kinds]


def test_a_version_that_is_published_runs_in_the_other_slot(line: Line) -> None:
    with lamp(line) as board:
        board.power_on()
        board.expect("lamp 1.0.0", timeout=PATIENCE)
        line.platform.expect("ota_version", version="1.0.0", timeout=PATIENCE)
        line.platform.ota.publish(line.product_key, "2.0.0", image("2.0.0"))
        board.expect("lamp 2.0.0", timeout=PATIENCE)
        line.platform.expect("ota_task", status="SUCCEEDED", timeout=PATIENCE)
        assert board.running == "ota_1"
        # While the file came the session was served.
        kinds = [one.kind for one in seen(line, "ota_progress", "property_posted")]
        between = kinds[kinds.index("ota_progress") :]
        assert "property_posted" in between[: between.count("ota_progress") + 1]
        steps = [one.detail["step"] for one in seen(line, "ota_progress")]
        assert steps == sorted(steps)
        assert steps[-1] == 100
        assert len(steps) <= 10
        # It is confirmed: the next reset does not go back.
        board.expect("alink: update to 2.0.0 has worked", timeout=PATIENCE)
        board.press_reset()
        board.expect("lamp 2.0.0", timeout=PATIENCE)
        assert line.kinds("dev-1").count("registered") == 1


def test_an_image_that_never_comes_online_is_gone_with_the_next_reset(line: Line) -> None:
    with lamp(line, BROKEN) as board:
        board.power_on()
        line.platform.expect("ota_version", version="1.0.0", timeout=PATIENCE)
        line.platform.ota.publish(line.product_key, "2.0.0", image("2.0.0"))
        board.expect("lamp 2.0.0", timeout=PATIENCE)
        board.expect("lamp 1.0.0", timeout=PATIENCE)
        told = line.platform.expect("ota_progress", step=-1, timeout=PATIENCE)
        assert told.reason == "2.0.0 was put in place, and 1.0.0 runs"
        assert status(line)[0] == "FAILED"
        assert board.running == "ota_0"
        assert len(seen(line, "ota_downloaded")) == 1
        # The next version is taken.
        line.platform.ota.publish(line.product_key, "1.0.0b", image("1.0.0b"))
        board.expect("lamp 1.0.0b", timeout=PATIENCE)
