"""The programs of examples/ as they stand, on the real interpreter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alink_sim.board import Board
from alink_sim.clock import ManualClock
from tests.sim.conftest import Rig
from tests.sim.session.test_thing import answered

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def start(rig: Rig, name: str) -> Board:
    main = (EXAMPLES / name).read_text("utf-8")
    return rig.board(
        "dev-1",
        main=main,
        files={"thing.json": (EXAMPLES / "thing.json").read_bytes()},
    )


def test_thermostat_posts_and_accepts_a_target(rig: Rig) -> None:
    with start(rig, "thermostat.py") as board:
        board.power_on()
        posted = rig.platform.expect("property_posted")
        assert posted.detail["values"] == {"target": 20, "temperature": 18.5, "heating": 1}
        number = rig.platform.cloud.set_properties(rig.product_key, "dev-1", {"target": 25})
        assert answered(rig, number) == 200
        number = rig.platform.cloud.set_properties(rig.product_key, "dev-1", {"target": 31})
        assert answered(rig, number) == 460
        number = rig.platform.cloud.call_service(rig.product_key, "dev-1", "SelfTest", {})
        assert answered(rig, number) == 200


def test_button_reports_each_press(rig: Rig) -> None:
    with start(rig, "button.py") as board:
        board.power_on()
        event = rig.platform.expect("event_posted")
        assert (event.detail["event"], event.detail["values"]) == ("pressed", {"count": 1})


def test_job_uploads_a_file(rig: Rig) -> None:
    with start(rig, "job_upload.py") as board:
        board.power_on()
        rig.platform.expect("online")
        cloud, who = rig.platform.cloud, (rig.product_key, "dev-1")
        job = cloud.create_job(who[0], [who[1]], {"action": "upload"})
        rig.platform.expect("job_task", job=job.id, status="SUCCEEDED")
        assert cloud.file(*who, "log.txt") == b"started\n" * 100
        other = cloud.create_job(who[0], [who[1]], {"action": "dance"})
        rig.platform.expect("job_task", job=other.id, status="REJECTED")
        [task] = cloud.job_tasks(who[0], other.id)
        assert task.details == {"reason": "unknown action"}
        board.power_off()
        late = cloud.create_job(who[0], [who[1]], {"action": "upload"})
        board.power_on()
        rig.platform.expect("job_task", job=late.id, status="SUCCEEDED")


def test_sensor_sleeps_wakes_and_registers_once(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    with start(rig, "sensor.py") as board:
        board.power_on()
        for wakes in (1, 2, 3):
            _until_asleep(rig, board)
            assert rig.kinds("dev-1").count("property_posted") == wakes
            clock.advance(601)
        assert rig.kinds("dev-1").count("registered") == 1
        assert rig.kinds("dev-1").count("online") >= 3


def test_sensor_sends_offline_readings_later(
    make_rig: Callable[..., Rig], clock: ManualClock
) -> None:
    rig = make_rig(clock=clock)
    with start(rig, "sensor.py") as board:
        board.power_on()
        _until_asleep(rig, board)
        rig.platform.console.disable_device(rig.product_key, "dev-1")
        clock.advance(601)
        board.expect("login refused")
        _until_asleep(rig, board)
        rig.platform.console.enable_device(rig.product_key, "dev-1")
        clock.advance(601)
        _until_asleep(rig, board)
        assert rig.kinds("dev-1").count("property_posted") == 3


def _until_asleep(rig: Rig, board: Board) -> None:
    def asleep() -> bool:
        waiting = board.waiting
        now = rig.clock.time() * 1000
        sleeps = waiting is not None and waiting.kind == "deepsleep" and waiting.until > now
        return sleeps and rig.driver.platform_rests()  # It has handled what the board sent.

    rig.driver.run_until(asleep)
